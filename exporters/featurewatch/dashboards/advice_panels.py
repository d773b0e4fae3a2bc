"""What to do next: the first step of all that fires, and which thresholds say nothing."""

from __future__ import annotations

from featurewatch import names
from featurewatch.dashboards import charts, panels, queries, quiet, units
from featurewatch.dashboards.charts import Column
from featurewatch.dashboards.limits import COLOURS, GOOD, Steps
from featurewatch.dashboards.objective_panels import step_name
from featurewatch.dashboards.panels import Panel
from featurewatch.dashboards.queries import Query
from featurewatch.objectives.model import Severity
from featurewatch.rules import build
from featurewatch.rules.plan import Judgement, Plan

DO = "do"
"""The column with the first step; until it is translated it holds the alert's name."""
NOT_ACTIONABLE = ("IncidentMember",)
"""Alerts that only silence others."""
SUBQUERY_STEP = "1m"
OFTEN: Steps = [
    {"color": GOOD, "value": None},
    {"color": "yellow", "value": 0.1},
    {"color": "red", "value": 0.5},
]
REACHED: Steps = [
    {"color": "blue", "value": None},
    {"color": GOOD, "value": 0.1},
    {"color": "yellow", "value": 0.8},
    {"color": "red", "value": 1 + 1e-9},
]


def first_steps(plan: Plan) -> Panel:
    """What fires, the worst first, and where to begin."""
    ranks = {
        str(queries.rank(severity)): (str(severity), COLOURS[severity]) for severity in sorted(Severity, reverse=True)
    }
    return charts.table(
        "What to do next",
        [Query(f'label_replace(\n  {_firing()},\n  "{DO}", "$1", "alertname", "(.+)"\n)')],
        [
            Column("Value", "Severity", width=90, words=ranks, coloured=True),
            Column("alertname", "Alert", width=220, url=f"{plan.objectives.runbooks}/${{__data.fields.Alert}}",
                   link="Runbook"),
            Column(names.EXTRACTOR, "Extractor", width=110),
            Column(DO, "Begin with", words={name: (step, "") for name, step in sorted(_steps(plan).items())}),
        ],
        by="Severity",
        no_value=quiet.NO_FIRING,
        description=panels.describe(
            "Every alert that fires, the worst first, with the first step of its runbook; its name leads to the rest.",
            "no row. With several, begin at the top: what stands below is often its consequence.",
        ),
    )  # fmt: skip


def limits_reached(plan: Plan) -> tuple[Panel, ...]:
    """How near each limit came: one that nothing ever comes near to warns of nothing."""
    used = [Query(_most(queries.limit_used(judgement)), name) for judgement, name in _limits(plan)]
    if not used:
        return ()
    bars = charts.ranking(
        "How near each limit came",
        used,
        steps=REACHED,
        span=(0, 1),
        decimals=1,
        description=panels.describe(
            "The most of each limit that was used at any time of the range shown. Look at it over weeks.",
            "green. Blue over weeks: the limit can never fire and may be drawn tighter. Red over weeks: see beside.",
        ),
    )
    return (bars,)


def time_firing() -> Panel:
    """For how much of the time each alert fired: one that always fires is no news."""
    fired = f'max by (alertname) (\n  ALERTS{{alertstate="firing",{queries.ALERTS}}}\n)'
    counted = f"count_over_time((\n{fired}\n)[$__range:{SUBQUERY_STEP}])"
    whole = f"scalar(count_over_time(vector(1)[$__range:{SUBQUERY_STEP}]))"
    return charts.ranking(
        "How much of the time each alert fired",
        [Query(f"topk(10, {counted} / {whole})", "{{alertname}}")],
        steps=OFTEN,
        span=(0, 1),
        decimals=1,
        no_value=quiet.NO_ALERT,
        description=panels.describe(
            "The share of the range shown in which each alert fired, the ten most frequent. Look at it over weeks.",
            "short bars. What fires more than half of the time is read by nobody: mend its cause, or move its limit.",
        ),
    )


def alert_starts() -> Panel:
    """How often each alert began: what flaps."""
    began = f"ALERTS_FOR_STATE{{{queries.ALERTS}}}"
    return charts.ranking(
        "How often each alert began",
        [Query(f"topk(10, sum by (alertname) (1 + changes({began}[$__range])))", "{{alertname}}")],
        unit=units.COUNT,
        steps=[{"color": "blue", "value": None}, {"color": "yellow", "value": 5}, {"color": "red", "value": 20}],
        decimals=0,
        no_value=quiet.NO_ALERT,
        description=panels.describe(
            "Times that each alert became pending in the range shown, whether it fired or not; the ten most frequent.",
            "few. Many beginnings without a firing say that the limit lies within what is usual.",
        ),
    )


def _most(expr: str) -> str:
    """In the range shown; what is younger than one step has only its present value."""
    return f"max_over_time((\n{expr}\n)[$__range:{SUBQUERY_STEP}])\nor\n{expr}"


def _firing() -> str:
    ranked = (
        f'{queries.rank(severity)} * ALERTS{{alertstate="firing",{names.SEVERITY}="{severity}",{queries.ALERTS}}}'
        for severity in Severity
    )
    return f"max by (alertname, {names.EXTRACTOR}) (\n    " + "\n    or\n    ".join(ranked) + "\n  )"


def _steps(plan: Plan) -> dict[str, str]:
    """Alert to its first step, as it stands in its message."""
    steps: dict[str, str] = {}
    for group in build.groups(plan):
        for alert in group.alerts:
            first = alert.annotations.get("first_steps", "").split("\n", 1)[0].removeprefix("1. ")
            if first and alert.name not in NOT_ACTIONABLE:
                steps.setdefault(alert.name, first.replace("{{ $labels.original_alert }}", "the original alert"))
    return steps


def _limits(plan: Plan) -> list[tuple[Judgement, str]]:
    return [(judgement, step_name(judgement)) for judgement in plan.judgements if judgement.allowed]
