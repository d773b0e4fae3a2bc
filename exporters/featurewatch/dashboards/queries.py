"""What panels ask Prometheus. Recorded series wherever one exists, so that a panel and an alert cannot disagree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from featurewatch import names
from featurewatch.objectives.model import RatioObjective, Severity
from featurewatch.rules import recorded
from featurewatch.rules.build import WATCHDOG
from featurewatch.rules.plan import Judgement

DATASOURCE_VARIABLE: Final = "datasource"
SERVICE_VARIABLE: Final = "service"
EXTRACTOR_VARIABLE: Final = "extractor"

EXTRACTORS: Final = f'{names.SERVICE}="${SERVICE_VARIABLE}",{names.EXTRACTOR}=~"${EXTRACTOR_VARIABLE}"'
"""The chosen extractors of the chosen service."""

ALERTS: Final = (
    f'alertname!="{WATCHDOG}",{names.SERVICE}="${SERVICE_VARIABLE}",{names.EXTRACTOR}=~"${EXTRACTOR_VARIABLE}|"'
)
"""Alerts of the chosen extractors and those, without an extractor, of the whole service. Watchdog always fires."""

QUIET: Final = 0
PENDING: Final = 1


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a panel."""

    expr: str
    legend: str = ""
    """Names the series; `{{label}}` stands for a label of the result."""
    instant: bool = False
    """Only the value now. A number that is shown alone must be: the last one of a range may be minutes old."""


def of_extractors(series: str) -> str:
    return f"{series}{{{EXTRACTORS}}}"


def of_service(series: str) -> str:
    return f'{series}{{{names.SERVICE}="${SERVICE_VARIABLE}"}}'


def worst(series: str, side: str) -> str:
    """The value of the extractor that is worst off."""
    return f"{'min' if side == 'below' else 'max'}({of_extractors(series)})"


def ratio_series(judgement: Judgement) -> str:
    """The recorded share that an objective is declared in: of the good events, or of the bad."""
    name, window, bound = judgement.objective.name, judgement.window, judgement.bound
    if isinstance(judgement.objective, RatioObjective) and judgement.objective.counts == "good":
        return recorded.good_ratio(name, window, bound)
    return recorded.bad_ratio(name, window, bound)


def limit_used(judgement: Judgement) -> str:
    """How much of what a limit allows is used up; 1 is the limit itself."""
    series = ratio_series(judgement)
    good = series == recorded.good_ratio(judgement.objective.name, judgement.window, judgement.bound)
    bad = f"(1 - {worst(series, 'below')})" if good else worst(series, "above")
    return f"{bad} / {judgement.allowed:.12g}"


def happens(rate: str) -> str:
    """1 while the recorded rate is above 0, else 0: never empty."""
    return f"(sum({of_service(rate)}) > bool 0) or vector(0)"


def otherwise(expr: str, label: str, value: str) -> str:
    """`expr`, or while it is empty one series of value 0 that says so in `label`: no news is good news, shown."""
    return f'{expr}\nor on ()\nlabel_replace(vector({QUIET}), "{label}", "{value}", "", "")'


def firing() -> str:
    """How many alerts fire."""
    return f'count(ALERTS{{alertstate="firing",{ALERTS}}}) or vector(0)'


def rank(severity: Severity) -> int:
    """The value of a firing alert in `alert_states`."""
    return PENDING + int(severity)


def alert_states() -> str:
    """Per alert and extractor: 1 while pending, 2 and more while firing, by severity."""
    states = [f'ALERTS{{alertstate="pending",{ALERTS}}}']
    states += [
        f'{rank(severity)} * ALERTS{{alertstate="firing",{names.SEVERITY}="{severity}",{ALERTS}}}'
        for severity in Severity
    ]
    inner = "\n  or\n  ".join(states)
    return otherwise(f"max by (alertname, {names.EXTRACTOR}) (\n  {inner}\n)", "alertname", "no alert")
