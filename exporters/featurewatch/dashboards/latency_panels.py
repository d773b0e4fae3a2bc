"""Why extraction is slow: durations by source, stages, batches, freshness, what waits."""

from __future__ import annotations

from featurewatch import names
from featurewatch.dashboards import charts, panels, queries, quiet, units
from featurewatch.dashboards.limits import merged
from featurewatch.dashboards.objective_panels import BY_EXTRACTOR, interval, quantile_name, quantile_objectives
from featurewatch.dashboards.panels import Panel
from featurewatch.dashboards.queries import Query
from featurewatch.objectives.convert import COUNT
from featurewatch.objectives.units import duration_text
from featurewatch.rules import recorded
from featurewatch.rules.build import SHOWN_QUANTILES
from featurewatch.rules.plan import Plan

BUCKETS = f"{names.EXTRACTION_DURATION}_bucket"
SUCCEEDED = f'{names.OUTCOME}="{names.SUCCESS}"'
SHOWN = (0.5, 0.95, 0.99)


def heat(plan: Plan) -> Panel:
    """Where the mass of extractions lies; a second band is a second cause."""
    return charts.heatmap(
        "All extractions by how long they took",
        Query(_spread(plan)),
        unit=units.SECONDS,
        interval=interval(plan),
        description=panels.describe(
            f"Successful extractions per second in each bucket of duration, over {duration_text(plan.show_window)}. "
            "Each row is named by its upper edge. In fine buckets where native histograms are scraped, else in classic "
            "ones. Single extractions, with their traces, stand on the panels by source.",
            "one or two narrow bands that stay where they are. A band that splits or climbs has a cause of its own: "
            "see which source it is.",
        ),
    )


def _spread(plan: Plan) -> str:
    """What rules recorded: native where there is any, else classic."""
    native = queries.of_extractors(recorded.native_rate(plan.show_window))
    classic = queries.of_extractors(recorded.buckets_rate(plan.show_window))
    return f"sum({native})\nor on ()\nsum by (le) ({classic})"


def by_source(plan: Plan, quantile: float) -> Panel:
    """One quantile for each source: a slow cache and a slow computation are mended by different people."""
    name, window = quantile_name(quantile), plan.show_window
    shown = queries.of_extractors(recorded.source_quantile_seconds(quantile, window))
    return panels.time_series(
        f"{name} by source",
        [
            Query(shown, f"{BY_EXTRACTOR} · {{{{{names.SERVED_FROM}}}}}"),
            queries.exemplars(queries.of_extractors(BUCKETS, SUCCEEDED)),
        ],
        unit=units.SECONDS,
        limits=merged([found for found in quantile_objectives(plan) if not found.foreign]),
        interval=interval(plan),
        description=panels.describe(
            f"{name} of the duration of successful extractions over {duration_text(window)}, for each place that the "
            "features came from. Points are single extractions.",
            f"`{names.CACHE}` far below `{names.COMPUTE}`. If `{names.CACHE}` rises alone, the cache is slow; if all "
            "rise together, the machine is.",
        ),
    )


def spread(plan: Plan) -> Panel:
    """Whether a quantile is usually where it is now."""
    series = recorded.quantile_seconds(0.95, plan.show_window)
    return charts.histogram(
        "How p95 was spread",
        [Query(queries.of_extractors(series), BY_EXTRACTOR)],
        unit=units.SECONDS,
        interval=interval(plan),
        description=panels.describe(
            f"How often p95 over {duration_text(plan.show_window)} had each value in the range shown.",
            "one narrow hill. Two hills are two states, such as with and without the cache.",
        ),
    )


def slow_by_source(plan: Plan) -> tuple[Panel, ...]:
    """How many were too slow, by source; none where no duration is limited."""
    timed = [found for found in quantile_objectives(plan) if not found.foreign]
    if not timed:
        return ()
    bound = min(limit.bound for found in timed for limit in found.limits)
    every = f"sum by ({names.SERVED_FROM}) (increase({queries.of_extractors(COUNT, SUCCEEDED)}[$__range]))"
    edge = f'le="{bound:g}"'
    fast = f"sum by ({names.SERVED_FROM}) (increase({queries.of_extractors(BUCKETS, SUCCEEDED, edge)}[$__range]))"
    bars = charts.bar_chart(
        f"Extractions slower than {duration_text(bound)}",
        [Query(f"round(\n  {every}\n  - {fast}\n) > 0")],
        unit=units.COUNT,
        label=names.SERVED_FROM,
        no_value=quiet.NO_SLOW,
        description=panels.describe(
            f"How many extractions took longer than {duration_text(bound)} in the range shown, by where their features "
            "came from. Exact, from the buckets' edge.",
            "none, or few. The highest bar is where to look.",
        ),
    )
    return (bars,)


def percentiles_of_one(plan: Plan) -> Panel:
    """For a row that is repeated for each extractor."""
    return panels.time_series(
        "How long it takes",
        [
            Query(queries.of_extractors(recorded.quantile_seconds(quantile, plan.show_window)), quantile_name(quantile))
            for quantile in SHOWN_QUANTILES
        ],
        unit=units.SECONDS,
        limits=merged([found for found in quantile_objectives(plan) if not found.foreign]),
        interval=interval(plan),
        description=panels.describe(
            f"Percentiles of this extractor over {duration_text(plan.show_window)}, from every source.",
            "the promised percentile below its line.",
        ),
    )


def traffic_of_one(plan: Plan) -> Panel:
    return panels.time_series(
        "Extractions by outcome",
        [Query(queries.rate(queries.of_extractors(COUNT), names.OUTCOME), f"{{{{{names.OUTCOME}}}}}")],
        unit=units.PER_SECOND,
        stacked=True,
        interval=interval(plan),
        description=panels.describe(
            "This extractor's extractions per second by how they ended.",
            f"almost all `{names.SUCCESS}`. Many `{names.CANCELLED}`: callers give up before it answers.",
        ),
    )


def in_progress(plan: Plan) -> Panel:
    return panels.time_series(
        "In progress",
        [Query(f"sum by ({names.EXTRACTOR}) ({queries.of_extractors(names.EXTRACTIONS_IN_PROGRESS)})", BY_EXTRACTOR)],
        unit=units.COUNT,
        interval=interval(plan),
        no_value=quiet.NO_PROGRESS,
        description=panels.describe(
            "Extractions that have begun and not ended, at the moment of each scrape.",
            "few and level: about the rate times the mean duration. A climb at the same rate is a queue.",
        ),
    )


def rejected(plan: Plan) -> Panel:
    expr = queries.rate(queries.of_extractors(names.REQUESTS_REJECTED), names.EXTRACTOR, names.STATUS)
    return panels.time_series(
        "Requests rejected",
        [Query(expr, f"{BY_EXTRACTOR} {{{{{names.STATUS}}}}}")],
        unit=units.PER_SECOND,
        interval=interval(plan),
        no_value=quiet.NO_REJECTION,
        description=panels.describe(
            "Requests answered with 4xx: the caller's fault, so they are no extractions and no errors.",
            "0, or a level floor. A step after a deployment of a caller is that caller's.",
        ),
    )


def stage_quantiles(plan: Plan) -> Panel:
    shown = queries.of_extractors(recorded.stage_quantile_seconds(0.95, plan.show_window))
    return panels.time_series(
        "p95 of each stage",
        [
            Query(shown, f"{BY_EXTRACTOR} · {{{{{names.STAGE}}}}}"),
            queries.exemplars(queries.of_extractors(f"{names.STAGE_DURATION}_bucket")),
        ],
        unit=units.SECONDS,
        interval=interval(plan),
        no_value=quiet.NO_STAGE,
        description=panels.describe(
            f"p95 of how long each stage of an extraction took over {duration_text(plan.show_window)}, whether it "
            "succeeded or not.",
            "level lines. The stage whose line rises with the extraction's is the cause.",
        ),
    )


def stage_shares() -> Panel:
    spent = f"sum by ({names.STAGE}) (increase({queries.of_extractors(f'{names.STAGE_DURATION}_sum')}[$__range]))"
    return charts.pie(
        "Where the time goes",
        [Query(spent, f"{{{{{names.STAGE}}}}}")],
        unit=units.SECONDS,
        no_value=quiet.NO_STAGE,
        description=panels.describe(
            "All time spent in each stage in the range shown, of all chosen extractors together.",
            "most in the stage that does the work. What is not here was spent between stages.",
        ),
    )


def stage_errors(plan: Plan) -> Panel:
    expr = queries.rate(queries.of_extractors(names.STAGE_ERRORS), names.EXTRACTOR, names.STAGE)
    return panels.time_series(
        "Errors of stages",
        [Query(expr, f"{BY_EXTRACTOR} · {{{{{names.STAGE}}}}}")],
        unit=units.EVENTS_PER_SECOND,
        interval=interval(plan),
        no_value=quiet.NO_STAGE,
        description=panels.describe(
            "Stages that an exception left, per second. An extraction may still succeed, from the fallback.",
            "0.",
        ),
    )


def input_age(plan: Plan) -> Panel:
    newest = f"max by ({names.EXTRACTOR}, {names.INPUT}) ({queries.of_extractors(names.NEWEST_INPUT)})"
    return panels.time_series(
        "Age of the newest input",
        [Query(f"time() - {newest}", f"{BY_EXTRACTOR} · {{{{{names.INPUT}}}}}")],
        unit=units.SECONDS,
        interval=interval(plan),
        no_value=quiet.NO_FRESHNESS,
        description=panels.describe(
            "How old the newest input is that an extractor has seen.",
            "a saw that stays low. A line that climbs without falling: the feed has stopped.",
        ),
    )


def payload(plan: Plan) -> Panel:
    expr = queries.quantile(
        0.95, queries.of_extractors(f"{names.EXTRACTION_PAYLOAD}_bucket"), names.EXTRACTOR, names.DIRECTION
    )
    return panels.time_series(
        "p95 of payload sizes",
        [Query(expr, f"{BY_EXTRACTOR} · {{{{{names.DIRECTION}}}}}")],
        unit=units.BYTES,
        interval=interval(plan),
        no_value=quiet.NO_PAYLOAD,
        description=panels.describe(
            "Sizes of what came in and went out.",
            "level. What grows takes longer, through no fault of the extractor.",
        ),
    )


def batch_wait(plan: Plan) -> Panel:
    waits = queries.of_service(f"{names.BATCH_WAIT}_bucket")
    return panels.time_series(
        "Waiting for a batch",
        [
            Query(queries.quantile(quantile, waits, names.BATCH), f"{quantile_name(quantile)} {{{{{names.BATCH}}}}}")
            for quantile in SHOWN
        ],
        unit=units.SECONDS,
        interval=interval(plan),
        no_value=quiet.NO_BATCH,
        description=panels.describe(
            "How long items waited for their batch to begin. It is part of what the caller waits for.",
            "far below the promise. If p50 is as long as the batch's own time limit, traffic is too thin to batch.",
        ),
    )


def batch_use(plan: Plan) -> Panel:
    use = names.BATCH_UTILISATION
    mean = queries.share(
        queries.rate(queries.of_service(f"{use}_sum"), names.BATCH),
        queries.rate(queries.of_service(f"{use}_count"), names.BATCH),
    )
    return panels.time_series(
        "How full batches are",
        [Query(mean, f"{{{{{names.BATCH}}}}}")],
        unit=units.SHARE,
        span=(0, 1),
        interval=interval(plan),
        no_value=quiet.NO_BATCH,
        description=panels.describe(
            "Items over the most that fit, on average.",
            "high while waiting is short. Always full: a queue builds. Nearly empty: it only costs time.",
        ),
    )


def batch_duration(plan: Plan) -> Panel:
    expr = queries.quantile(0.95, queries.of_service(f"{names.BATCH_DURATION}_bucket"), names.BATCH, names.OUTCOME)
    return panels.time_series(
        "p95 of batches",
        [Query(expr, f"{{{{{names.BATCH}}}}} · {{{{{names.OUTCOME}}}}}", exemplar=True)],
        unit=units.SECONDS,
        interval=interval(plan),
        no_value=quiet.NO_BATCH,
        description=panels.describe(
            "How long batches took; `late` are those that were given up before they ended.",
            "level, and no `late`.",
        ),
    )
