"""Where it is going: what is unusual, what changes, and what will be full when."""

from __future__ import annotations

from featurewatch.dashboards import charts, panels, queries, quiet, units
from featurewatch.dashboards.limits import GOOD, Limits
from featurewatch.dashboards.objective_panels import BY_EXTRACTOR, interval
from featurewatch.dashboards.panels import Panel
from featurewatch.dashboards.queries import Query
from featurewatch.objectives.model import Objective, QuantileObjective, Severity
from featurewatch.objectives.outlook import TRAFFIC, Anomaly, Capacity, Trend
from featurewatch.objectives.units import duration_text, number_text, percent_text
from featurewatch.rules import anomaly, capacity, recorded, signals, trend
from featurewatch.rules.plan import Plan

DAY = 86400
WEEK = 7 * DAY


def usual(plan: Plan) -> tuple[Panel, ...]:
    """Each watched signal beside what is usual at this time."""
    return tuple(_usual(plan, watched) for watched in plan.objectives.outlook.anomalies)


def unusual(plan: Plan) -> tuple[Panel, ...]:
    """How far each watched signal is from what is usual."""
    return tuple(_unusual(plan, watched) for watched in plan.objectives.outlook.anomalies)


def trends(plan: Plan) -> tuple[Panel, ...]:
    """Each declared trend: the last window against the one before."""
    return tuple(_trend(plan, declared) for declared in plan.objectives.outlook.trends)


def full_in(plan: Plan) -> tuple[Panel, ...]:
    """When each watched resource is full, soonest first; no panel where none is declared."""
    found = plan.objectives.outlook.capacities
    if not found:
        return ()
    declared = "; ".join(
        f"{item.name} within {duration_text(limit.seconds)} is {limit.severity}"
        for item in found
        for limit in item.limits
    )
    bars = charts.ranking(
        "Full in",
        [Query(f"bottomk(5, {queries.of_service(capacity.series(item, 'full_in_seconds'))})", _name(item))
         for item in found],
        unit=units.SECONDS,
        steps=[
            {"color": "red", "value": None},
            {"color": "orange", "value": 14400},
            {"color": "yellow", "value": DAY},
            {"color": GOOD, "value": WEEK},
        ],
        span=(0, 30 * DAY),
        no_value=quiet.NO_GROWTH,
        description=panels.describe(
            "How long each resource lasts if it goes on filling as over the last hours and the last half hour, "
            "whichever is slower. What does not grow has no bar.",
            "no bar, or more than a week.",
            declared,
        ),
    )  # fmt: skip
    return (bars,)


def fill(plan: Plan) -> tuple[Panel, ...]:
    """How full each watched resource is."""
    found = plan.objectives.outlook.capacities
    if not found:
        return ()
    shown = panels.time_series(
        "How full it is",
        [Query(queries.of_service(capacity.series(item, "used_ratio")), _name(item)) for item in found],
        unit=units.SHARE,
        decimals=1,
        span=(0, 1),
        interval=interval(plan),
        no_value=quiet.NO_GROWTH,
        description=panels.describe(
            "The share in use of each resource whose end is forecast.", "level, or a saw whose peaks do not climb."
        ),
    )
    return (shown,)


def growth(plan: Plan) -> tuple[Panel, ...]:
    """How fast each watched resource fills."""
    found = plan.objectives.outlook.capacities
    if not found:
        return ()
    shown = panels.time_series(
        "Growth per day",
        [
            Query(
                f"{DAY} * {queries.of_service(capacity.growth(item, window))}",
                f"{_name(item)} over {duration_text(window)}",
            )
            for item in found
            for window in (item.long, item.short)
        ],
        unit=units.SHARE,
        decimals=2,
        span=(None, None),
        interval=interval(plan),
        no_value=quiet.NO_GROWTH,
        description=panels.describe(
            "The share of the whole by which each resource grows in a day, over a long and a short window. Only where "
            "both rise is an end forecast.",
            "around 0. Both lines above it: it fills.",
        ),
    )
    return (shown,)


def compared(plan: Plan) -> Panel:
    """Traffic now, a day ago and a week ago."""
    rate = queries.of_extractors(recorded.extractions_rate(plan.show_window))
    return panels.time_series(
        "Traffic beside yesterday's and last week's",
        [
            Query(f"sum({rate})", "now"),
            Query(f"sum({rate} offset 1d)", "a day ago"),
            Query(f"sum({rate} offset 1w)", "a week ago"),
        ],
        unit=units.PER_SECOND,
        interval=interval(plan),
        description=panels.describe(
            "Extractions per second of all chosen extractors, at the same time of the day and of the week.",
            "the same shape. A line that leaves the others is a client, a market, or a deployment.",
        ),
    )


def slower(plan: Plan) -> Panel:
    """Latency now, a day ago and a week ago."""
    p95 = queries.of_extractors(recorded.quantile_seconds(0.95, plan.show_window))
    return panels.time_series(
        "p95 beside yesterday's and last week's",
        [
            Query(f"max({p95})", "now"),
            Query(f"max({p95} offset 1d)", "a day ago"),
            Query(f"max({p95} offset 1w)", "a week ago"),
        ],
        unit=units.SECONDS,
        interval=interval(plan),
        description=panels.describe(
            "p95 of the slowest of the chosen extractors, at the same time of the day and of the week.",
            "the same height. Slower at the same traffic is a change in the code or below it.",
        ),
    )


def _usual(plan: Plan, watched: Anomaly) -> Panel:
    unit = _unit(plan, watched.of)
    season, rolling = (
        queries.of_extractors(anomaly.series(watched, f"usual_{kind}")) for kind in ("season", "rolling")
    )
    return panels.time_series(
        f"{watched.title}, and what is usual",
        [
            Query(queries.of_extractors(signals.name_of(watched.of)), f"{BY_EXTRACTOR} now"),
            Query(season, f"{BY_EXTRACTOR} usual at this time of day"),
            Query(rolling, f"{BY_EXTRACTOR} usual in the last hour"),
        ],
        unit=unit,
        interval=interval(plan),
        no_value=quiet.NO_USUAL,
        links=_links(plan, watched.alert),
        description=panels.describe(
            f"{watched.title}, the median of the same hour of the last {watched.days} days, and the mean of the last "
            "hour without what was unusual.",
            "the first line keeps to the others.",
        ),
    )


def _unusual(plan: Plan, watched: Anomaly) -> Panel:
    sides: list[tuple[float, Severity]] = []
    for factor, severity in ((1.0, Severity.MEDIUM), (anomaly.LARGE, Severity.HIGH)):
        sides.append((factor * watched.threshold, severity))
    ladder = Limits("above", tuple(sides))
    limit = number_text(watched.threshold)
    return panels.time_series(
        f"{watched.title}: how unusual",
        [Query(queries.of_extractors(anomaly.series(watched, "z")), BY_EXTRACTOR)],
        unit=units.TIMES,
        decimals=1,
        limits=ladder,
        span=(-1.2 * watched.threshold, 1.2 * watched.threshold),
        interval=interval(plan),
        no_value=quiet.NO_USUAL,
        links=_links(plan, watched.alert),
        description=panels.describe(
            "The distance from what is usual, in spreads: of the same time of day where there are days enough, else of "
            "the last hour. Below 0 it is less than usual.",
            f"between −{limit} and {limit}.",
            f"{limit} spreads away is medium, {number_text(anomaly.LARGE * watched.threshold)} is high",
        ),
    )


def _trend(plan: Plan, declared: Trend) -> Panel:
    window, limit = duration_text(declared.window), percent_text(declared.sensitivity)
    return panels.time_series(
        f"{declared.title}: change",
        [Query(queries.of_extractors(trend.change(declared)), BY_EXTRACTOR)],
        unit=units.SHARE,
        decimals=1,
        limits=Limits("above", ((declared.sensitivity, declared.severity or Severity.LOW),)),
        span=(-2 * declared.sensitivity, 2 * declared.sensitivity),
        interval=interval(plan),
        no_value=quiet.NO_USUAL,
        links=_links(plan, declared.alert),
        description=panels.describe(
            f"The mean of the last {window}, relative to the {window} before.", f"within {limit} of 0."
        ),
    )


def _unit(plan: Plan, of: str) -> str:
    if of == TRAFFIC:
        return units.PER_SECOND
    found: Objective = next(item for item in plan.objectives.objectives if item.name == of)
    return units.SECONDS if isinstance(found, QuantileObjective) else units.SHARE


def _name(item: Capacity) -> str:
    return " ".join((item.name, *(f"{{{{{label}}}}}" for label in capacity.BY[item.of])))


def _links(plan: Plan, alert: str) -> list[Panel]:
    return [panels.link(f"What to do: {alert}", f"{plan.objectives.runbooks}/{alert}")]
