"""Rules of objectives on declared series: shares of any counters, bounds of any value, and the twins of both."""

from __future__ import annotations

from collections.abc import Iterator

from featurewatch import manifests, names
from featurewatch.objectives.model import BoundObjective, Counted, Promise, QuantileObjective, RatioObjective, Series
from featurewatch.rules import expressions, recorded, sli
from featurewatch.rules.model import Recording
from featurewatch.rules.plan import Comparison, Judgement, Plan, Twin


def recordings(plan: Plan) -> Iterator[Recording]:
    """What the alerts and panels of these objectives read, in the order of the file."""
    for judgement in plan.judgements:
        if judgement.objective.foreign:
            yield from _share(plan, judgement)
    for comparison in plan.comparisons:
        yield Recording(comparison.value, _value(plan, comparison))


def shown(plan: Plan) -> Iterator[Recording]:
    """The quantiles of declared histograms, which panels show and nothing judges."""
    for judgement in plan.judgements:
        objective = judgement.objective
        if not objective.foreign or not isinstance(objective, QuantileObjective) or judgement.quantile is None:
            continue
        population = ((names.SERVICE, plan.objectives.service), *objective.population)
        buckets = expressions.selector_of_words(f"{objective.metric}_bucket", population)
        expr = expressions.quantile(objective.quantile, buckets, judgement.window, by(objective))
        if objective.scale != 1:
            expr = f"(\n{expr}\n)\n/ {objective.scale:g}"
        yield Recording(judgement.quantile, expr)


def by(promise: Promise) -> str:
    """The labels that its series keep."""
    return ", ".join((names.SERVICE, *promise.by))


def selector(plan: Plan, series: Series) -> str:
    """The service's series of a metric."""
    return expressions.selector_of_words(series.metric, ((names.SERVICE, plan.objectives.service), *series.where))


def scope(plan: Plan, rung: Judgement | Comparison) -> str:
    """Whose values a step of a ladder judges: those of its service, and of the extractors that it is for."""
    return expressions.scoped("", ((names.SERVICE, plan.objectives.service),), rung.limit.scope)


def violated(plan: Plan, comparison: Comparison) -> str:
    """Condition of the alert."""
    sign = "<" if comparison.objective.side == "below" else ">"
    if comparison.objective.kind == "increase":
        sign = ">="
    bound, tolerance = comparison.limit.bound, comparison.tolerance
    return expressions.violates(comparison.value, scope(plan, comparison), sign, bound, tolerance)


def absent(plan: Plan, twin: Twin) -> str:
    """Condition of the twin: the series that the objective's alerts read is not there."""
    own = expressions.selector(twin_reads(plan, twin), ((names.SERVICE, plan.objectives.service),))
    return expressions.absent(own, recorded.SERVICE_UP if measured_here(twin) else None)


def twin_reads(plan: Plan, twin: Twin) -> str:
    """The recorded series whose absence the twin tells."""
    for judgement in plan.judgements:
        if judgement.objective == twin.objective:
            return judgement.events
    return next(rung.value for rung in plan.comparisons if rung.objective == twin.objective)


def measured_here(twin: Twin) -> bool:
    """Whether the extractor itself exports the series, so that they go when it goes."""
    objective = twin.objective
    if isinstance(objective, BoundObjective):
        metrics = [objective.series.metric]
    elif isinstance(objective, RatioObjective):
        metrics = [series.metric for series in objective.counted.series] if objective.counted else []
    else:
        metrics = [objective.metric]
    return all(metric.startswith(manifests.PREFIX) for metric in metrics)


# --- shares -----------------------------------------------------------------------------------------------------
def _share(plan: Plan, judgement: Judgement) -> Iterator[Recording]:
    objective, window, level = judgement.objective, judgement.window, by(judgement.objective)
    own = expressions.selector("", ((names.SERVICE, plan.objectives.service),))
    if isinstance(objective, RatioObjective):
        if objective.counted is None:
            raise ValueError(f"{objective.name} names no counters")
        yield from _counted(plan, judgement, objective.counted)
        share = expressions.quotient(f"{judgement.bad_increase}{own}", f"{judgement.events}{own}")
        yield Recording(judgement.bad_ratio, share)
        yield Recording(judgement.good_ratio, f"1 - {judgement.bad_ratio}{own}")
        return
    counted = sli.of_events(plan.objectives, objective, judgement.limit.bound)
    yield Recording(judgement.events, expressions.total("increase", counted.total, window, level))
    yield Recording(judgement.good_ratio, expressions.ratio(counted.good, counted.total, window, level))
    yield Recording(judgement.bad_ratio, f"1 - {judgement.good_ratio}{own}")
    yield Recording(judgement.bad_increase, expressions.missing(counted.good, counted.total, window, level))


def _counted(plan: Plan, judgement: Judgement, counted: Counted) -> Iterator[Recording]:
    """Bad events, and all events. A counter that does not exist before its first event counts as 0."""
    own = expressions.selector("", ((names.SERVICE, plan.objectives.service),))
    bad, events = judgement.bad_increase, judgement.events

    def total(series: Series) -> str:
        return expressions.total("increase", selector(plan, series), judgement.window, by(judgement.objective))

    if counted.total is not None:
        yield Recording(events, total(counted.total))
        if counted.bad is not None:
            yield Recording(bad, expressions.filled(total(counted.bad), f"{events}{own}"))
        elif counted.good is not None:
            good = expressions.filled(total(counted.good), f"{events}{own}")
            yield Recording(bad, expressions.less(f"{events}{own}", good))
    elif counted.good is not None and counted.bad is not None:
        yield Recording(bad, expressions.filled(total(counted.bad), total(counted.good)))
        good = expressions.filled(total(counted.good), f"{bad}{own}")
        yield Recording(events, expressions.more(f"{bad}{own}", good))


# --- bounds -----------------------------------------------------------------------------------------------------
def _value(plan: Plan, comparison: Comparison) -> str:
    objective, window, level = comparison.objective, comparison.window, by(comparison.objective)
    own = selector(plan, objective.series)
    per = selector(plan, objective.per) if objective.per else None
    match objective.kind:
        case "gauge":
            value = expressions.now(objective.aggregate, own, window, level)
            return expressions.quotient(value, expressions.now("sum", per, window, level)) if per else value
        case "rate":
            value = expressions.rate(objective.aggregate, own, window, level)
            if per:
                return expressions.quotient(value, expressions.rate(objective.aggregate, per, window, level))
            return expressions.whole(value, own, window, level) if objective.side == "below" else value
        case "increase":
            up = expressions.selector("up", ((names.SERVICE, plan.objectives.service),))
            return expressions.increase(own, up, window, level)
        case "freshness":
            return expressions.age(objective.aggregate, own, level)
