"""What panels ask Prometheus. Recorded series wherever one exists, so that a panel and an alert cannot disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from featurewatch import names
from featurewatch.objectives.model import Severity
from featurewatch.rules.build import WATCHDOG
from featurewatch.rules.plan import Judgement

DATASOURCE_VARIABLE: Final = "datasource"
ENVIRONMENT_VARIABLE: Final = "environment"
SERVICE_VARIABLE: Final = "service"
EXTRACTOR_VARIABLE: Final = "extractor"
CACHE_VARIABLE: Final = "cache"
MACHINE_VARIABLE: Final = "machine"

ENVIRONMENT: Final = f'{names.ENVIRONMENT}=~"${ENVIRONMENT_VARIABLE}"'
"""One Prometheus watches one environment and does not label its own series with it; where several are kept together
(remote write, Thanos, Mimir), each series carries it. All lets both pass."""

SERVICE: Final = f'{ENVIRONMENT},{names.SERVICE}="${SERVICE_VARIABLE}"'
"""The chosen service."""

EXTRACTORS: Final = f'{SERVICE},{names.EXTRACTOR}=~"${EXTRACTOR_VARIABLE}"'
"""The chosen extractors of the chosen service."""

CACHES: Final = f'{SERVICE},{names.CACHE_NAME}=~"${CACHE_VARIABLE}"'
"""The chosen caches of the chosen service."""

MACHINES: Final = f'{ENVIRONMENT},instance=~"${MACHINE_VARIABLE}"'
"""The chosen machines, whatever runs on them."""

ALERTS: Final = (
    f'{ENVIRONMENT},alertname!="{WATCHDOG}",{names.SERVICE}="${SERVICE_VARIABLE}",'
    f'{names.EXTRACTOR}=~"${EXTRACTOR_VARIABLE}|"'
)
"""Alerts of the chosen extractors and those, without an extractor, of the whole service. Watchdog always fires."""


class Select(Protocol):
    """Puts the matchers of a choice behind a series."""

    def __call__(self, series: str, *more: str) -> str: ...


TITLE: Final = "title"
"""A label that a query makes for the legend."""
BY_TITLE: Final = f"{{{{{TITLE}}}}}"

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
    exemplar: bool = False
    """With single extractions that lead to their traces. Only what is asked of a histogram itself has any."""


def of_extractors(series: str, *more: str) -> str:
    """`more` are further matchers, as in PromQL."""
    return _selected(series, EXTRACTORS, more)


def of_service(series: str, *more: str) -> str:
    return _selected(series, SERVICE, more)


def of_caches(series: str, *more: str) -> str:
    return _selected(series, CACHES, more)


def of_machines(series: str, *more: str) -> str:
    return _selected(series, MACHINES, more)


def of_environment(series: str, *more: str) -> str:
    """Whatever belongs to no service: Prometheus, Alertmanager, the responder."""
    return _selected(series, ENVIRONMENT, more)


def rate(selected: str, *by: str) -> str:
    """Per second, added up by labels."""
    return f"sum by ({', '.join(by)}) (\n  rate({selected}[$__rate_interval])\n)"


def rates(counters: Mapping[str, str]) -> list[Query]:
    """Word to counter of no service: each per second, added up, under its word."""
    return [
        Query(f"sum(rate({of_environment(counter)}[$__rate_interval]))", word) for word, counter in counters.items()
    ]


def total(selected: str, *by: str) -> str:
    """How many in the time shown, added up by labels. A small rest of rounding is none."""
    return f"round(sum by ({', '.join(by)}) (\n  increase({selected}[$__range])\n)) > 0"


def quantile(value: float, buckets: str, *by: str) -> str:
    """Interpolated in its bucket; absent while nothing is counted."""
    labels = ", ".join(("le", *by))
    inner = f"sum by ({labels}) (\n    rate({buckets}[$__rate_interval])\n  )"
    return f"histogram_quantile(\n  {value:g},\n  {inner}\n) >= 0"


def exemplars(buckets: str) -> Query:
    """Single extractions beside what rules recorded, which keeps none. No line of its own: it looks at the beginning of
    1970, where there is nothing to read; the time of the exemplars is the one shown."""
    return Query(f"rate({buckets}[$__rate_interval] @ 0)", exemplar=True)


def share(part: str, whole: str) -> str:
    """Absent while the whole is nothing, where it would be no number."""
    return f"{part}\n/\n(\n{whole}\n> 0\n)"


def _selected(series: str, matchers: str, more: tuple[str, ...]) -> str:
    return f"{series}{{{','.join((matchers, *more))}}}"


def of_level(series: str, by: tuple[str, ...]) -> str:
    """A recorded series of the chosen extractors where it has that label, else of the whole service."""
    return of_extractors(series) if names.EXTRACTOR in by else of_service(series)


def worst(series: str, side: str) -> str:
    """The value of the extractor that is worst off."""
    return f"{'min' if side == 'below' else 'max'}({of_extractors(series)})"


def ratio_series(judgement: Judgement) -> str:
    """The recorded share that an objective is declared in: of the good events, or of the bad."""
    return judgement.shown


def limit_used(judgement: Judgement) -> str:
    """How much of what a limit allows is used up; 1 is the limit itself."""
    series = of_level(ratio_series(judgement), judgement.objective.by)
    bad = f"(1 - min({series}))" if judgement.shows_good else f"max({series})"
    return f"{bad} / {judgement.allowed:.12g}"


def happens(rate: str) -> str:
    """1 while the recorded rate is above 0, else 0: never empty."""
    return f"(sum({of_service(rate)}) > bool 0) or vector(0)"


def otherwise(expr: str, label: str, value: str) -> str:
    """`expr`, or while it is empty one series of value 0 that says so in `label`: no news is good news, shown."""
    return f'{expr}\nor on ()\nlabel_replace(vector({QUIET}), "{label}", "{value}", "", "")'


def titled(expr: str, *labels: str) -> str:
    """With the values of the labels in one, `TITLE`: a legend writes the name of a label that a series has not."""
    quoted = ", ".join(f'"{label}"' for label in labels)
    return f'label_join(\n  {expr},\n  "{TITLE}", " ", {quoted}\n)'


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
    states_of = f"max by (alertname, {names.EXTRACTOR}) (\n  {inner}\n)"
    return titled(otherwise(states_of, "alertname", "no alert"), "alertname", names.EXTRACTOR)
