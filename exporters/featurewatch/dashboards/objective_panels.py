"""Panels made from one objective: its unit, limits, links and description come from what was declared."""

from __future__ import annotations

from featurewatch import names
from featurewatch.dashboards import limits, panels, queries, units
from featurewatch.dashboards.panels import Panel
from featurewatch.dashboards.queries import Query
from featurewatch.objectives.model import (
    BoundObjective,
    Objective,
    PresenceObjective,
    QuantileObjective,
    RatioObjective,
)
from featurewatch.objectives.units import duration_text, percent_text
from featurewatch.rules import recorded
from featurewatch.rules.build import SHOWN_QUANTILES
from featurewatch.rules.plan import MARGIN, MINIMUM_BAD, Judgement, Plan

BY_EXTRACTOR = f"{{{{{names.EXTRACTOR}}}}}"

DOWN_UP = {0: ("down", "red"), 1: ("up", "green")}
NONE_SOME = {0: ("none", "red"), 1: ("measured", "green")}


def now(plan: Plan, objective: Objective) -> Panel:
    """Where the objective stands: one number on the colour of the severity it has reached."""
    if isinstance(objective, PresenceObjective):
        return _presence_now(plan, objective)
    if isinstance(objective, BoundObjective):
        return _bound_now(plan, objective)
    mildest = limits.judgements(plan, objective.name)[0]
    ladder = limits.declared(objective)
    write = limits.writer(objective)
    promised = f"{'≥' if ladder.side == 'below' else '≤'} {write(mildest.limit.bound)}"
    seen = f"over the last {duration_text(mildest.window)}, of the extractor that is worst off"
    if isinstance(objective, QuantileObjective):
        title, unit, decimals = f"{quantile_name(objective.quantile)} {promised}", units.SECONDS, None
        series = mildest.quantile or ""
        shows = (
            f"{objective.title}: {quantile_name(objective.quantile)} {seen}. The number is interpolated in its bucket, "
            "but on which side of a limit it lies is exact: each limit is an edge of a bucket."
        )
    else:
        title, unit = f"{_short(objective.title)} {promised}", units.SHARE
        decimals = units.share_decimals(bound for bound, _ in ladder.bounds)
        series = queries.ratio_series(mildest)
        shows = f"{objective.title}: their share {seen}."
    good = f"green, {promised}. An alert also wants {MINIMUM_BAD} bad events and that it lasts, so colour comes first."
    good += _fires_later(mildest)
    return panels.stat(
        title,
        Query(f"{'min' if ladder.side == 'below' else 'max'}({queries.of_level(series, objective.by)})"),
        unit=unit,
        decimals=decimals,
        description=panels.describe(shows, good, ladder.text(write)),
        limits=ladder,
        links=_links(plan, objective),
    )


def _short(title: str) -> str:
    """`Served from the cache`: the whole title is too long for a quarter of a dashboard, beside a limit."""
    return title.removeprefix("Extractions ").capitalize() if title.startswith("Extractions served ") else title


def value(plan: Plan, objective: BoundObjective) -> Panel:
    """A gauge, rate, increase or age over time, with its limits as lines."""
    rungs = [rung for rung in plan.comparisons if rung.objective == objective]
    declared, write = limits.declared(objective), limits.writer(objective)
    legend = " ".join(f"{{{{{label}}}}}" for label in objective.by) or f"{{{{{names.SERVICE}}}}}"
    windows = {rung.value: duration_text(rung.window) if rung.window else "" for rung in rungs}
    seen = " and ".join(window for window in windows.values() if window)
    shows = f"{objective.title}{f', over {seen}' if seen else ''}, from {objective.series.metric}."
    bounds = [bound for bound, _ in declared.bounds]
    return panels.time_series(
        objective.title,
        [Query(queries.of_level(name, objective.by), legend) for name in windows],
        unit=units.DECLARED[objective.unit],
        decimals=units.share_decimals(bounds) if objective.unit == "share" else None,
        limits=declared,
        span=(min(0.0, *bounds), 1.2 * max(bounds)) if max(bounds) > 0 else (1.2 * min(bounds), 0.0),
        interval=interval(plan),
        no_value="nobody exports it",
        links=_links(plan, objective),
        description=panels.describe(
            shows, f"{'above' if declared.side == 'below' else 'below'} the line.", declared.text(write)
        ),
    )


def values(plan: Plan) -> tuple[Panel, ...]:
    """Every gauge, rate, increase and age that is limited, over time."""
    bounded = (found for found in plan.objectives.objectives if isinstance(found, BoundObjective))
    return tuple(value(plan, objective) for objective in bounded)


def limits_used(plan: Plan) -> tuple[Panel, ...]:
    """All ladders on one scale: how near each limit is. No panel where no share is limited."""
    used = [
        Query(queries.limit_used(judgement), step_name(judgement))
        for judgement in plan.judgements
        if judgement.allowed  # nothing can be used of nothing
    ]
    if not used:
        return ()
    bars = panels.used_bars(
        "How much of each limit is used",
        used,
        description=panels.describe(
            "The share of bad events over the share that each limit allows, for the extractor that is worst off. "
            "100 % is the limit.",
            f"every bar below {percent_text(MARGIN)}; up to there no alert is likely to fire by chance.",
        ),
        wary=MARGIN,
    )
    return (bars,)


def percentiles(plan: Plan) -> Panel:
    """How long extractions take, with all limits of time as lines."""
    timed = [objective for objective in quantile_objectives(plan) if not objective.foreign]
    ladder = limits.merged(timed)
    window = plan.show_window
    shown = [
        Query(
            queries.of_extractors(recorded.quantile_seconds(quantile, window)),
            f"{quantile_name(quantile)} {BY_EXTRACTOR}",
        )
        for quantile in SHOWN_QUANTILES
    ]
    promises = "; ".join(
        f"{quantile_name(objective.quantile)} {limits.declared(objective).text(duration_text)}" for objective in timed
    )
    return panels.time_series(
        "How long extractions take",
        shown,
        unit=units.SECONDS,
        limits=ladder,
        span=(0, max((1.2 * bound for bound, _ in ladder.bounds), default=None)),
        interval=interval(plan),
        description=panels.describe(
            f"Percentiles of the duration of successful extractions over {duration_text(window)}, from every source. "
            "Interpolated between buckets; exact at the lines.",
            "the promised percentile stays below its line, and the others keep their distance from each other.",
            promises,
        ),
    )


def share_too_slow(plan: Plan, objective: QuantileObjective) -> Panel:
    """The exact statement behind a quantile: which share of extractions lies beyond each limit."""
    ladder = limits.judgements(plan, objective.name)
    allowed = limits.allowed(ladder)
    highest = max(judgement.allowed for judgement in ladder)
    bounds = [duration_text(step.limit.bound) for step in ladder]
    return panels.time_series(
        f"Share of extractions slower than {' and '.join(bounds)}",
        [
            Query(queries.of_level(queries.ratio_series(step), objective.by), f"> {bound} {_legend(objective)}")
            for step, bound in zip(ladder, bounds, strict=True)
        ],
        unit=units.SHARE,
        decimals=units.share_decimals([highest]),
        limits=allowed,
        span=(0, 2 * highest),
        interval=interval(plan),
        links=_links(plan, objective),
        description=panels.describe(
            f"Exact, from the buckets' edges, and what the alert {objective.alert} compares: "
            f"{quantile_name(objective.quantile)} is above a limit when more than {percent_text(highest)} lie beyond.",
            f"below the line at {percent_text(highest)}.",
            limits.declared(objective).text(duration_text),
        ),
    )


def ratio(plan: Plan, objective: RatioObjective) -> Panel:
    """A ratio over time with its limits as lines."""
    ladder = limits.judgements(plan, objective.name)
    declared = limits.declared(objective)
    bounds = [bound for bound, _ in declared.bounds]
    windows = {queries.ratio_series(step): duration_text(step.window) for step in ladder}
    span = (max(0.0, 2 * min(bounds) - 1), 1.0) if declared.side == "below" else (0.0, 2 * max(bounds))
    return panels.time_series(
        objective.title,
        [
            Query(
                queries.of_level(series, objective.by),
                _legend(objective) if len(windows) == 1 else f"{_legend(objective)} over {window}",
            )
            for series, window in windows.items()
        ],
        unit=units.SHARE,
        decimals=units.share_decimals(bounds),
        limits=declared,
        span=span,
        interval=interval(plan),
        links=_links(plan, objective),
        description=panels.describe(
            f"{objective.title}, as a share of all that ended by themselves, over "
            f"{' and '.join(windows.values())}. A gap is a time without traffic.",
            f"{'above' if declared.side == 'below' else 'below'} the line.",
            declared.text(percent_text),
        ),
    )


def quantile_objectives(plan: Plan) -> tuple[QuantileObjective, ...]:
    return tuple(found for found in plan.objectives.objectives if isinstance(found, QuantileObjective))


def ratio_objectives(plan: Plan) -> tuple[RatioObjective, ...]:
    return tuple(found for found in plan.objectives.objectives if isinstance(found, RatioObjective))


def quantile_name(quantile: float) -> str:
    """0.95 -> p95."""
    return f"p{quantile * 100:g}"


def interval(plan: Plan) -> str:
    """The shortest step that has new data; Grafana derives `$__rate_interval` from it."""
    return duration_text(plan.timing.scrape_interval)


def _presence_now(plan: Plan, objective: PresenceObjective) -> Panel:
    if objective.of == "series":
        query, words = f"max(present_over_time({queries.of_service(objective.metric)}[1m])) or vector(0)", NONE_SOME
        shows = f"Whether anybody exports {objective.metric} of the service."
    elif objective.of == "target":
        query, words = f"max({queries.of_service(recorded.SERVICE_UP)}) or vector(0)", DOWN_UP
        shows = "Whether at least one target of the service answers Prometheus."
    else:
        query, words = queries.happens(recorded.extractions_rate(plan.show_window)), NONE_SOME
        shows = f"Whether the service has counted an extraction in the last {duration_text(plan.show_window)}."
    steps = [f"absent for {duration_text(limit.bound)} is {limit.severity}" for limit in objective.limits]
    return panels.stat(
        objective.title,
        Query(query),
        unit=units.STATE,
        description=panels.describe(shows, f"“{words[1][0]}”.", ", ".join(steps)),
        words=words,
        no_value="no answer from Prometheus",
        links=_links(plan, objective),
    )


def _bound_now(plan: Plan, objective: BoundObjective) -> Panel:
    mildest = min(
        (rung for rung in plan.comparisons if rung.objective == objective), key=lambda rung: rung.limit.severity
    )
    ladder, write = limits.declared(objective), limits.writer(objective)
    below = ladder.side == "below"
    bounds = [bound for bound, _ in ladder.bounds]
    promised = f"{'≥' if below else '≤'} {write(mildest.limit.bound)}"
    seen = f", over the last {duration_text(mildest.window)}" if mildest.window else ""
    return panels.stat(
        f"{_short(objective.title)} {promised}",
        Query(f"{'min' if below else 'max'}({queries.of_level(mildest.value, objective.by)})"),
        unit=units.DECLARED[objective.unit],
        decimals=units.share_decimals(bounds) if objective.unit == "share" else None,
        limits=ladder,
        no_value="nobody exports it",
        links=_links(plan, objective),
        description=panels.describe(
            f"{objective.title}{seen}, from {objective.series.metric}, where it is worst.",
            f"green, {promised}.",
            ladder.text(write),
        ),
    )


def _legend(objective: Objective) -> str:
    return " ".join(f"{{{{{label}}}}}" for label in objective.by) or f"{{{{{names.SERVICE}}}}}"


def step_name(judgement: Judgement) -> str:
    """Short enough to be read beside a bar."""
    side = "<" if limits.declared(judgement.objective).side == "below" else ">"
    bound = limits.writer(judgement.objective)(judgement.limit.bound)
    return f"{judgement.objective.name} {side} {bound}"


def _fires_later(judgement: Judgement) -> str:
    """Where a short window was declared for a rare event, the alert cannot come at the limit itself."""
    if judgement.fires_from <= judgement.allowed:
        return ""
    share = percent_text(round(judgement.fires_from, 4))
    return f" At the declared traffic {MINIMUM_BAD} of them are {share}, and it fires from there on."


def _links(plan: Plan, objective: Objective) -> list[Panel]:
    return [panels.link(f"What to do: {objective.alert}", f"{plan.objectives.runbooks}/{objective.alert}")]
