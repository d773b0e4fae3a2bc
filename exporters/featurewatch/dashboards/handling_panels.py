"""What alerted and what was done: alerts over time, levels, acknowledgements, noise, and how long each took."""

from __future__ import annotations

from typing import Final

from featurewatch import names
from featurewatch.dashboards import charts, panels, queries, quiet, units
from featurewatch.dashboards.charts import Column
from featurewatch.dashboards.limits import COLOURS, GOOD
from featurewatch.dashboards.objective_panels import interval
from featurewatch.dashboards.panels import Panel
from featurewatch.dashboards.queries import Query
from featurewatch.objectives.model import Severity
from featurewatch.rules.build import WATCHDOG
from featurewatch.rules.plan import Plan

DAY: Final = "of the last day, as the responder knows them"
OF_SERVICE: Final = f'{names.SERVICE}=~"${queries.SERVICE_VARIABLE}|"'
LEVELS: Final = f'{names.ESCALATION_LEVEL}!=""'
QUANTILES: Final = {
    f'{names.QUANTILE}="0.5"': "half of them within",
    f'{names.QUANTILE}="0.9"': "nine of ten within",
}
HANDS: Final = "hands"
"""A label that a query makes for a column."""
IN_HAND: Final = {0: ("nobody", "orange"), 1: ("in hand", "purple")}


def by_severity(plan: Plan) -> Panel:
    firing = f'ALERTS{{alertstate="firing",{queries.ALERTS}}}'
    count = f"count by ({names.SEVERITY}) (\n  {firing}\n)"
    return panels.time_series(
        "Alerts firing by severity",
        [Query(queries.otherwise(count, names.SEVERITY, "none"), f"{{{{{names.SEVERITY}}}}}")],
        unit=units.COUNT,
        stacked=True,
        interval=interval(plan),
        no_value=quiet.NO_ALERT,
        description=panels.describe(
            "How many alerts fired at once, levels and incidents included.",
            "none. A tall tower at once is one cause with many signs: the incident says which.",
        ),
    )


def unacknowledged() -> Panel:
    return panels.stat(
        "Firing, and in nobody's hand",
        Query(f"sum(1 - {_own(names.ACKNOWLEDGED)}) or vector(0)"),
        unit=units.COUNT,
        steps=[{"color": GOOD, "value": None}, {"color": "orange", "value": 1}],
        no_value="no answer from Prometheus",
        description=panels.describe(
            "Alerts that the responder knows to fire and that nobody has acknowledged.",
            "0. Each one climbs the levels of its policy until somebody does.",
        ),
    )


def incidents() -> Panel:
    return panels.stat(
        "Incidents now",
        Query(f"sum({queries.of_environment(names.RESPONDER_INCIDENTS)}) or vector(0)"),
        unit=units.COUNT,
        steps=[{"color": GOOD, "value": None}, {"color": "red", "value": 1}],
        no_value="no answer from Prometheus",
        description=panels.describe("Incidents that last, as the responder has tied them together.", "0."),
    )


def time_to(metric: str, title: str, shows: str, good: str, steps: tuple[float, float]) -> Panel:
    """A median and a 95th percentile of what the responder has seen in a day."""
    return charts.ranking(
        title,
        [Query(f"max({queries.of_environment(metric, matcher)} >= 0)", word) for matcher, word in QUANTILES.items()],
        unit=units.SECONDS,
        steps=[
            {"color": GOOD, "value": None},
            {"color": "yellow", "value": steps[0]},
            {"color": "red", "value": steps[1]},
        ],
        no_value=quiet.NO_HANDLING,
        description=panels.describe(f"{shows}, {DAY}; quantiles over all alerts.", good),
    )


def time_to_acknowledge() -> Panel:
    return time_to(
        names.RESPONDER_TIME_TO_ACKNOWLEDGE,
        "Until somebody had it in hand",
        "From the start of an alert until it was acknowledged",
        "minutes; shorter than the delay of the second level.",
        (300.0, 900.0),
    )


def time_to_resolve() -> Panel:
    return time_to(
        names.RESPONDER_TIME_TO_RESOLVE,
        "Until it was over",
        "From the start of an alert to its end",
        "shorter than the budget of its objective can bear.",
        (1800.0, 7200.0),
    )


def time_to_deliver(plan: Plan) -> Panel:
    return time_to(
        names.RESPONDER_DELIVERY,
        "Until the message was here",
        "From the start of an alert until Alertmanager's message reached the responder",
        f"a few seconds; {plan.objectives.delivery_budget:g} s from breach to message were declared.",
        (plan.timing.group_wait + 2 * plan.timing.record_interval, plan.objectives.delivery_budget * 2),
    )


def hands(plan: Plan) -> Panel:
    own = f"max by (alertname, {names.EXTRACTOR}) ({_own(names.ACKNOWLEDGED)})"
    return panels.state_timeline(
        "In whose hands",
        Query(queries.titled(own, "alertname", names.EXTRACTOR), queries.BY_TITLE),
        words=IN_HAND,
        interval=interval(plan),
        no_value=quiet.NO_HANDLING,
        description=panels.describe(
            "Each firing alert, and whether somebody had acknowledged it.",
            "orange turns purple within minutes. All orange: it mended itself, or nobody looked.",
        ),
    )


def levels(plan: Plan) -> Panel:
    firing = f'ALERTS{{alertstate="firing",{LEVELS},{queries.ALERTS}}}'
    reached = f"max by ({names.ORIGINAL_ALERT}, {names.EXTRACTOR}, {names.ESCALATION_LEVEL}) (\n  {firing}\n)"
    return panels.state_timeline(
        "Levels of escalation",
        Query(
            queries.titled(
                queries.otherwise(reached, names.ORIGINAL_ALERT, "no level"),
                names.ORIGINAL_ALERT,
                names.EXTRACTOR,
                names.ESCALATION_LEVEL,
            ),
            queries.BY_TITLE,
        ),
        words={0: ("quiet", GOOD), 1: ("told again", "red")},
        interval=interval(plan),
        no_value=quiet.NO_ALERT,
        description=panels.describe(
            "When an alert that nobody had in hand was told again, to more people.",
            "one quiet green bar. Every red band is a message that the first one's recipient did not answer.",
        ),
    )


def firing_now(plan: Plan) -> Panel:
    """What fires, since when, and whether somebody has it in hand."""
    by = f"alertname, {names.EXTRACTOR}, {names.SEVERITY}"
    since = f"time() - min by ({by}) ({_own(names.ALERT_STARTED)})"
    taken = f"max by ({by}) ({_own(names.ACKNOWLEDGED)})"
    told = (
        f'label_replace(\n  {since}\n  and on ({by}) {taken} == {value},\n  "{HANDS}", "{word}", "", ""\n)'
        for value, (word, _) in IN_HAND.items()
    )
    colours = {str(severity): (str(severity), COLOURS[severity]) for severity in sorted(Severity, reverse=True)}
    return charts.table(
        "Firing now, as the responder knows it",
        [Query("\nor\n".join(told))],
        [
            Column("alertname", "Alert", url=f"{plan.objectives.runbooks}/${{__data.fields.Alert}}", link="Runbook"),
            Column(names.EXTRACTOR, "Extractor"),
            Column(names.SEVERITY, "Severity", words=colours, coloured=True),
            Column(HANDS, "In hand", words={word: (word, colour) for word, colour in IN_HAND.values()}, coloured=True),
            Column("Value", "For", unit=units.SECONDS),
        ],
        by="For",
        no_value=quiet.NO_FIRING,
        description=panels.describe(
            "Since when each alert really fires, whatever was restarted since, and whether somebody has it in hand.",
            "no row, or only rows in hand.",
        ),
    )


def firings() -> Panel:
    own = queries.of_environment(names.RESPONDER_FIRINGS)
    return charts.ranking(
        "Firings of the last day",
        [Query(f"topk(10, sum by (alertname) ({own}))", "{{alertname}}")],
        unit=units.COUNT,
        decimals=0,
        no_value=quiet.NO_HANDLING,
        description=panels.describe(
            f"How often each alert fired, {DAY}; repeats are not counted.",
            "few and even. One bar above all others is a cause to mend, or a limit to move.",
        ),
    )


def noise() -> Panel:
    own = queries.of_environment(names.RESPONDER_NOISE)
    return charts.ranking(
        "Noise",
        [Query(f"topk(10, max by (alertname) ({own} >= 0))", "{{alertname}}")],
        steps=[{"color": GOOD, "value": None}, {"color": "yellow", "value": 0.2}, {"color": "red", "value": 0.5}],
        span=(0, 1),
        decimals=0,
        no_value=quiet.NO_HANDLING,
        description=panels.describe(
            f"The share of firings that flapped, ended by themselves within five minutes, or were marked false, {DAY}.",
            "below 20 %. Noise teaches people not to look.",
        ),
    )


def false_positives() -> Panel:
    return _share(
        names.RESPONDER_FALSE_POSITIVES,
        "Marked as false",
        f"The share of alerts that people marked as false, {DAY}.",
        "below 5 %.",
    )


def dedupe() -> Panel:
    return _share(
        names.RESPONDER_DEDUPE,
        "Told again without news",
        f"The share of what Alertmanager told that told nothing new, {DAY}.",
        "as it may be: this is what was kept from people.",
    )


def escalations() -> Panel:
    own = queries.of_environment(names.RESPONDER_ESCALATIONS)
    return charts.pie(
        "Levels reached in the last day",
        [Query(f"sum by ({names.LEVEL}) ({own}) > 0", f"level {{{{{names.LEVEL}}}}}")],
        unit=units.COUNT,
        no_value=quiet.NO_HANDLING,
        description=panels.describe(
            f"How often each level of a policy was reached, {DAY}.",
            "nearly all stay at the first level. A large second one: the first is told to nobody who can act.",
        ),
    )


def messages() -> Panel:
    sent = queries.total(queries.of_environment("alertmanager_notifications_total"), "integration")
    return charts.bar_chart(
        "Messages sent, by channel",
        [Query(sent)],
        unit=units.COUNT,
        label="integration",
        no_value=quiet.NO_DELIVERY,
        description=panels.describe(
            "Messages that Alertmanager sent in the range shown, repeats and ends included.",
            "few to people; many to the webhook are the history being kept.",
        ),
    )


def _share(metric: str, title: str, shows: str, good: str) -> Panel:
    return panels.stat(
        title,
        Query(f"max({queries.of_environment(metric)} >= 0)"),
        unit=units.SHARE,
        decimals=1,
        no_value=quiet.NO_HANDLING,
        description=panels.describe(shows, good),
    )


def _own(metric: str) -> str:
    """Of the chosen service, and of what belongs to none; Watchdog always fires."""
    return f'{metric}{{{queries.ENVIRONMENT},{OF_SERVICE},alertname!="{WATCHDOG}"}}'
