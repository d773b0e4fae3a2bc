"""What an alert says. Values are formatted by Prometheus when it fires; labels are data, never template text."""

from __future__ import annotations

from featurewatch.objectives.model import Objectives, QuantileObjective
from featurewatch.objectives.units import duration_text, percent_text
from featurewatch.rules import recorded
from featurewatch.rules.plan import Judgement, Watch

OVERVIEW = "featurewatch-promise"
"""Stable uid of the dashboard that messages link to."""

EXTRACTOR = "{{ $labels.extractor }}"
SERVICE = "{{ $labels.service }}"
AND_EXTRACTOR = "{{ with $labels.extractor }} ({{ . }}){{ end }}"
"""The extractor, where the alert is about one; without its series nobody knows which extractors there should be."""
PERCENTAGE = "{{ $value | humanizePercentage }}"
ESCAPED_SERVICE = "{{ $labels.service | urlquery }}"
ESCAPED_EXTRACTOR = "{{ $labels.extractor | urlquery }}"


def _links(objectives: Objectives, alert: str, *, extractor: bool) -> dict[str, str]:
    dashboard = f"{objectives.dashboards}/{OVERVIEW}?var-service={ESCAPED_SERVICE}"
    if extractor:
        dashboard += f"&var-extractor={ESCAPED_EXTRACTOR}"
    return {"runbook_url": f"{objectives.runbooks}/{alert}", "dashboard_url": dashboard}


def _steps(first_steps: tuple[str, ...]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(first_steps, start=1))


def shown_quantile(objective: QuantileObjective, window: float) -> str:
    """The recorded quantile of the extractor that fires, as `172ms`."""
    series = recorded.quantile_seconds(objective.quantile, window)
    query = f'printf "{series}{{service=%q,extractor=%q}}" $labels.service $labels.extractor | query'
    return f"{{{{ with {query} }}}}{{{{ . | first | value | humanizeDuration }}}}{{{{ else }}}}unknown{{{{ end }}}}"


def of_judgement(objectives: Objectives, judgement: Judgement) -> dict[str, str]:
    objective, limit = judgement.objective, judgement.limit
    window = duration_text(judgement.window)
    if isinstance(objective, QuantileObjective):
        bound, name = duration_text(limit.bound), f"p{recorded.percent(objective.quantile)}"
        summary = f"{EXTRACTOR}: {name} is above {bound}"
        value = f"{name} is about {shown_quantile(objective, judgement.window)}, {PERCENTAGE} take longer than {bound}"
        allowed = f"{name} of at most {bound} ({percent_text(judgement.allowed)} may take longer)"
    else:
        side, word = ("below", "at least") if objective.counts == "good" else ("above", "at most")
        summary = f"{EXTRACTOR}: {_lower(objective.title)} {side} {percent_text(limit.bound)}"
        value, allowed = PERCENTAGE, f"{word} {percent_text(limit.bound)}"
    return {
        "summary": summary,
        "description": f"{objective.title}: over the last {window}, {value}. Promised: {allowed}.",
        "value": value,
        "limit": allowed,
        "first_steps": _steps(objective.first_steps),
        **_links(objectives, objective.alert, extractor=True),
    }


def of_watch(objectives: Objectives, watch: Watch) -> dict[str, str]:
    hold = duration_text(watch.limit.bound)
    if watch.objective.of == "target":
        summary, value = f"{SERVICE} does not answer", f"no target has answered its scrape for {hold}"
    else:
        summary = f"{SERVICE}{AND_EXTRACTOR} measures no extraction"
        value = f"it answers, but has counted no extraction for {hold}"
    return {
        "summary": summary,
        "description": f"{watch.objective.title}: {SERVICE}{AND_EXTRACTOR}, {value}.",
        "value": value,
        "limit": f"never longer than {hold}",
        "first_steps": _steps(watch.objective.first_steps),
        **_links(objectives, watch.objective.alert, extractor=False),
    }


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]
