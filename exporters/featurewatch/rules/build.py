"""The compiler: from the plan to groups of rules. Pure; nothing here knows of files or YAML."""

from __future__ import annotations

from collections.abc import Iterator

from featurewatch import names
from featurewatch.objectives.load import ANSWERED, COUNT
from featurewatch.objectives.model import Promise, QuantileObjective, RatioObjective, Severity
from featurewatch.objectives.units import duration_text
from featurewatch.rules import clashes, expressions, messages, recorded
from featurewatch.rules.model import Alert, Group, Recording, Rule
from featurewatch.rules.plan import MINIMUM_BAD, MINIMUM_EVENTS, Judgement, Plan, Watch

EXTRACTORS_JOB = "extractors"
"""The scrape job of the extractors; its targets carry the label `service`."""

SHOWN_QUANTILES = (0.5, 0.95, 0.99)
AVAILABILITY_WINDOW = 86400.0
SLOW_INTERVAL = 60.0
WATCHDOG = clashes.WATCHDOG


def groups(plan: Plan) -> tuple[Group, ...]:
    """All groups, each for a file of its own name."""
    return (_extraction(plan), _availability(plan), _monitoring(plan))


def _extraction(plan: Plan) -> Group:
    """One group for all that is judged of extractions: alerts stand after what they read, in one evaluation."""
    rules: dict[str, Recording] = {}
    for rule in _recordings(plan):
        if rules.setdefault(rule.name, rule) != rule:
            raise ValueError(f"{rule.name} would be recorded from two expressions")
    alerts: list[Rule] = [_alert(plan, judgement) for judgement in plan.judgements]
    alerts += [_watch(plan, watch) for watch in plan.watches]
    return Group("extraction", plan.timing.evaluation_interval, (*rules.values(), *alerts))


def _recordings(plan: Plan) -> Iterator[Recording]:
    service = (names.SERVICE, plan.objectives.service)
    answered = expressions.selector_of_words(COUNT, (service, *ANSWERED))
    succeeded = expressions.selector(COUNT, (service, (names.OUTCOME, names.SUCCESS)))
    yield Recording(recorded.SERVICE_UP, expressions.up(expressions.selector("up", (("job", EXTRACTORS_JOB), service))))
    rates = {plan.show_window, *(watch.window for watch in plan.watches if watch.objective.of == "events")}
    for window in sorted(rates):
        yield Recording(recorded.extractions_rate(window), expressions.total("rate", answered, window))
    for judgement in plan.judgements:
        series = succeeded if isinstance(judgement.objective, QuantileObjective) else answered
        yield Recording(_events(judgement), expressions.total("increase", series, judgement.window))
    for quantile, window in sorted(_quantiles(plan)):
        buckets = expressions.selector(f"{names.EXTRACTION_DURATION}_bucket", (service, (names.OUTCOME, names.SUCCESS)))
        yield Recording(recorded.quantile_seconds(quantile, window), expressions.quantile(quantile, buckets, window))
    for judgement in plan.judgements:
        yield from _shares(plan, judgement)


def _quantiles(plan: Plan) -> set[tuple[float, float]]:
    """Those that panels show, and each that a message names."""
    shown = {(quantile, plan.show_window) for quantile in SHOWN_QUANTILES}
    named = {
        (judgement.objective.quantile, judgement.window)
        for judgement in plan.judgements
        if isinstance(judgement.objective, QuantileObjective)
    }
    return shown | named


def _shares(plan: Plan, judgement: Judgement) -> Iterator[Recording]:
    good, everything = _series(plan, judgement)
    name, window, bound = judgement.objective.name, judgement.window, judgement.bound
    good_ratio = recorded.good_ratio(name, window, bound)
    yield Recording(good_ratio, expressions.ratio(good, everything, window))
    if not _shows_good(judgement.objective):
        yield Recording(recorded.bad_ratio(name, window, bound), f"1 - {good_ratio}{_scope(plan)}")
    yield Recording(recorded.bad_increase(name, window, bound), expressions.missing(good, everything, window))


def _events(judgement: Judgement) -> str:
    """The series that counts what the judgement is about."""
    if isinstance(judgement.objective, QuantileObjective):
        return recorded.successes_increase(judgement.window)
    return recorded.extractions_increase(judgement.window)


def _shows_good(objective: QuantileObjective | RatioObjective) -> bool:
    return isinstance(objective, RatioObjective) and objective.counts == "good"


def _series(plan: Plan, judgement: Judgement) -> tuple[str, str]:
    """Selectors of the good and of all events."""
    service = (names.SERVICE, plan.objectives.service)
    objective = judgement.objective
    if isinstance(objective, QuantileObjective):
        population = (service, *objective.population)
        edge = (*population, ("le", expressions.le(judgement.limit.bound)))
        return (
            expressions.selector(f"{objective.metric}_bucket", edge),
            expressions.selector(f"{objective.metric}_count", population),
        )
    everything = expressions.selector_of_words(objective.metric, (service, *objective.total))
    if objective.counts == "good":
        good = {**dict(objective.total), **dict(objective.events)}  # good events are always some of all events
        return expressions.selector_of_words(objective.metric, (service, *good.items())), everything
    return expressions.selector_without(objective.metric, (service, *objective.total), objective.events), everything


def _labels(plan: Plan, promise: Promise, severity: Severity) -> dict[str, str]:
    return {
        names.SEVERITY: str(severity),
        names.OBJECTIVE: promise.name,
        names.CATEGORY: promise.category,
        names.TEAM: plan.objectives.team,
    }


def _alert(plan: Plan, judgement: Judgement) -> Alert:
    objective, window, bound = judgement.objective, judgement.window, judgement.bound
    good_ratio = recorded.good_ratio(objective.name, window, bound)
    expr = expressions.violated(
        shown=good_ratio if _shows_good(objective) else recorded.bad_ratio(objective.name, window, bound),
        good_ratio=good_ratio,
        target=round(1 - judgement.allowed, 12),
        bad=recorded.bad_increase(objective.name, window, bound),
        minimum_bad=MINIMUM_BAD,
        events=_events(judgement),
        minimum=MINIMUM_EVENTS,
        scope=_scope(plan),
    )
    return Alert(
        name=objective.alert,
        expr=expr,
        hold=judgement.hold,
        labels=_labels(plan, objective, judgement.limit.severity),
        annotations=messages.of_judgement(plan.objectives, judgement),
    )


def _watch(plan: Plan, watch: Watch) -> Alert:
    scope = _scope(plan)
    if watch.objective.of == "target":
        expr = f"{recorded.SERVICE_UP}{scope} == 0"
    else:
        expr = expressions.silent(f"{recorded.extractions_rate(watch.window)}{scope}", recorded.SERVICE_UP)
    return Alert(
        name=watch.objective.alert,
        expr=expr,
        hold=watch.hold,
        labels=_labels(plan, watch.objective, watch.limit.severity),
        annotations=messages.of_watch(plan.objectives, watch),
    )


def _scope(plan: Plan) -> str:
    """What keeps apart the rules of several services in one Prometheus."""
    return expressions.selector("", ((names.SERVICE, plan.objectives.service),))


def _availability(plan: Plan) -> Group:
    """Over long windows a minute is soon enough."""
    expr = f"avg_over_time({recorded.SERVICE_UP}{_scope(plan)}[{duration_text(AVAILABILITY_WINDOW)}])"
    return Group("availability", SLOW_INTERVAL, (Recording(recorded.availability(AVAILABILITY_WINDOW), expr),))


def _monitoring(plan: Plan) -> Group:
    """The chain watches itself. Watchdog always fires: whoever stops hearing it knows that the chain is broken."""
    watchdog = Alert(
        name=WATCHDOG,
        expr="vector(1)",
        hold=0.0,
        labels={names.SEVERITY: "none", names.CATEGORY: "monitoring", names.TEAM: plan.objectives.team},
        annotations={
            "summary": "The way from Prometheus to its receivers works",
            "description": "Fires always. When it stops arriving, no other alert arrives either.",
            "runbook_url": f"{plan.objectives.runbooks}/{WATCHDOG}",
        },
    )
    return Group("monitoring", plan.timing.evaluation_interval, (watchdog,))
