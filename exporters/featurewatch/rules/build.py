"""The compiler: from the plan to groups of rules. Pure; nothing here knows of files or YAML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from featurewatch import manifests, names
from featurewatch.objectives.convert import ANSWERED, COUNT
from featurewatch.objectives.model import Promise, QuantileObjective, Series, Severity
from featurewatch.objectives.units import duration_text, number_text
from featurewatch.rules import (
    chain,
    clashes,
    declared,
    expressions,
    followup,
    health,
    messages,
    outlook,
    quantiles,
    recorded,
    sli,
)
from featurewatch.rules.model import Alert, Group, Recording, Rule
from featurewatch.rules.plan import MINIMUM_BAD, MINIMUM_EVENTS, Comparison, Judgement, Plan, Twin, Watch

EXTRACTORS_JOB = "extractors"
"""The scrape job of the extractors; its targets carry the label `service`."""

SHOWN_QUANTILES = quantiles.SHOWN
AVAILABILITY_WINDOW = 86400.0
SLOW_INTERVAL = 60.0
WATCHDOG = clashes.WATCHDOG


def groups(plan: Plan) -> tuple[Group, ...]:
    """All groups, each for a file of its own name: what is judged, and then what watches the alerts of that."""
    return followup.followed(plan.objectives, _judged(plan))


def _judged(plan: Plan) -> tuple[Group, ...]:
    """What the plan says of one noun makes one group or none."""
    return (
        _extraction(plan),
        _shown(plan),
        _availability(plan),
        _monitoring(plan),
        *outlook.groups(plan),
        *([chain.group(plan.objectives, plan.timing)] if plan.objectives.chain else []),
    )


def _extraction(plan: Plan) -> Group:
    """One group for all that is judged of extractions: alerts stand after what they read, in one evaluation."""
    rules = _once((*_recordings(plan), *declared.recordings(plan)))
    alerts: list[Alert] = [judgement_alert(plan, judgement) for judgement in plan.judgements]
    alerts += [comparison_alert(plan, comparison) for comparison in plan.comparisons]
    alerts += [watch_alert(plan, watch) for watch in plan.watches]
    alerts += health.alerts(plan)
    twins = [twin_alert(plan, twin) for twin in plan.twins]
    derived: list[Rule] = []  # rules about the alerts above: they see them in the same evaluation
    return Group(
        "extraction",
        plan.timing.evaluation_interval,
        (*rules, *health.recordings(plan), *_severe_first(alerts), *twins, *derived),
    )


def _shown(plan: Plan) -> Group:
    """What only shows reads every bucket of every series: less often, and never in the way of what is judged."""
    rules = _once((*quantiles.recordings(plan), *declared.shown(plan)))
    return Group(quantiles.GROUP, quantiles.EVALUATIONS * plan.timing.evaluation_interval, rules)


def _once(recordings: Iterable[Recording]) -> tuple[Recording, ...]:
    """Each name once. Raises `ValueError` where one would be recorded from two expressions."""
    rules: dict[str, Recording] = {}
    for rule in recordings:
        if rules.setdefault(rule.name, rule) != rule:
            raise ValueError(f"{rule.name} would be recorded from two expressions")
    return tuple(rules.values())


def _severe_first(alerts: list[Alert]) -> list[Alert]:
    """Objectives in their order, and in each the most severe step first: whoever reads down meets the worst first."""
    order = list(dict.fromkeys(alert.labels[names.OBJECTIVE] for alert in alerts))
    rank = {str(severity): -severity for severity in Severity}
    return sorted(
        alerts, key=lambda alert: (order.index(alert.labels[names.OBJECTIVE]), rank[alert.labels[names.SEVERITY]])
    )


def _recordings(plan: Plan) -> Iterator[Recording]:
    service = (names.SERVICE, plan.objectives.service)
    answered = expressions.selector_of_words(COUNT, (service, *ANSWERED))
    succeeded = expressions.selector(COUNT, (service, (names.OUTCOME, names.SUCCESS)))
    yield Recording(recorded.SERVICE_UP, expressions.up(expressions.selector("up", (("job", EXTRACTORS_JOB), service))))
    own = [judgement for judgement in plan.judgements if not judgement.objective.foreign]
    counted: dict[str, str] = {}
    """Selector of events and its window, to the series that has counted them."""
    for judgement in own:
        series = succeeded if isinstance(judgement.objective, QuantileObjective) else answered
        counted[expressions.total("increase", series, judgement.window)] = judgement.events
    for expr, name in counted.items():
        yield Recording(name, expr)
    rates = {plan.show_window, *(watch.window for watch in plan.watches if watch.objective.of == "events")}
    for window in sorted(rates):
        known = counted.get(expressions.total("increase", answered, window))
        rate = (
            f"{known}{_scope(plan)}\n/\n{number_text(window)}" if known else expressions.total("rate", answered, window)
        )
        yield Recording(recorded.extractions_rate(window), rate)
    for judgement in own:
        yield from _shares(plan, judgement, counted)


def _shares(plan: Plan, judgement: Judgement, counted: Mapping[str, str]) -> Iterator[Recording]:
    """Share and number of what is counted once: a thousand extractors have too many series to read them twice."""
    scope = _scope(plan)
    expr = expressions.total("increase", _good(plan, judgement), judgement.window)
    good = counted.get(expr, judgement.good_increase)
    if good == judgement.good_increase:
        yield Recording(good, expr)
    yield Recording(judgement.good_ratio, f"{good}{scope}\n/\n(\n  {judgement.events}{scope} > 0\n)")
    if not judgement.shows_good:
        yield Recording(judgement.bad_ratio, f"1 - {judgement.good_ratio}{scope}")
    yield Recording(judgement.bad_increase, f"{judgement.events}{scope}\n-\n{good}{scope}")


def _good(plan: Plan, judgement: Judgement) -> str:
    """Selector of the good events."""
    return sli.of_events(plan.objectives, judgement.objective, judgement.limit.bound).good


def _labels(plan: Plan, promise: Promise, severity: Severity) -> dict[str, str]:
    return {
        names.SEVERITY: str(severity),
        names.OBJECTIVE: promise.name,
        names.CATEGORY: promise.category,
        names.TEAM: promise.ownership.team or plan.objectives.team,
        **({names.OWNER: promise.ownership.owner} if promise.ownership.owner else {}),
        **({names.POLICY: promise.ownership.policy} if promise.ownership.policy else {}),
    }


def judgement_alert(plan: Plan, judgement: Judgement) -> Alert:
    objective = judgement.objective
    expr = expressions.violated(
        shown=judgement.shown,
        good_ratio=judgement.good_ratio,
        target=round(1 - judgement.allowed, 12),
        bad=judgement.bad_increase,
        minimum_bad=MINIMUM_BAD,
        events=judgement.events,
        minimum=MINIMUM_EVENTS,
        scope=declared.scope(plan, judgement),
    )
    return Alert(
        name=objective.alert,
        expr=expr,
        hold=judgement.hold,
        labels=_labels(plan, objective, judgement.limit.severity),
        annotations=messages.of_judgement(plan.objectives, judgement),
        keep=judgement.objective.keep,
    )


def comparison_alert(plan: Plan, comparison: Comparison) -> Alert:
    return Alert(
        name=comparison.objective.alert,
        expr=declared.violated(plan, comparison),
        hold=comparison.hold,
        labels=_labels(plan, comparison.objective, comparison.limit.severity),
        annotations=messages.of_comparison(plan.objectives, comparison),
        keep=comparison.objective.keep,
    )


def twin_alert(plan: Plan, twin: Twin) -> Alert:
    return Alert(
        name=clashes.TWIN,
        expr=declared.absent(plan, twin),
        hold=twin.hold,
        labels=_labels(plan, twin.objective, twin.severity),
        annotations=messages.of_twin(plan.objectives, twin),
    )


def watch_alert(plan: Plan, watch: Watch) -> Alert:
    scope = _scope(plan)
    if watch.objective.of == "target":
        expr = f"{recorded.SERVICE_UP}{scope} == 0"
    elif watch.objective.of == "series":
        series = Series(watch.objective.metric, watch.objective.where)
        up = recorded.SERVICE_UP if watch.objective.metric.startswith(manifests.PREFIX) else None
        expr = expressions.absent(declared.selector(plan, series), up)
    else:
        expr = expressions.silent(f"{recorded.extractions_rate(watch.window)}{scope}", recorded.SERVICE_UP)
    return Alert(
        name=watch.objective.alert,
        expr=expr,
        hold=watch.hold,
        labels=_labels(plan, watch.objective, watch.limit.severity),
        annotations=messages.of_watch(plan.objectives, watch),
        keep=watch.objective.keep,
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
