"""What an alert says. Values are formatted by Prometheus when it fires; labels are data, never template text."""

from __future__ import annotations

from featurewatch import names
from featurewatch.objectives.model import BoundObjective, Objectives, Promise, QuantileObjective, Unit
from featurewatch.objectives.units import bytes_text, duration_text, number_text, percent_text
from featurewatch.rules import expressions, recorded
from featurewatch.rules.clashes import TWIN
from featurewatch.rules.plan import Comparison, Judgement, Twin, Watch

OVERVIEW = "featurewatch-promise"
"""Stable uid of the dashboard that messages link to."""

EXTRACTOR = "{{ $labels.extractor }}"
SERVICE = "{{ $labels.service }}"
AND_EXTRACTOR = "{{ with $labels.extractor }} ({{ . }}){{ end }}"
"""The extractor, where the alert is about one; without its series nobody knows which extractors there should be."""
PERCENTAGE = "{{ $value | humanizePercentage }}"
DURATION = "{{ $value | humanizeDuration }}"
SIZE = "{{ $value | humanize1024 }}B"
NUMBER = '{{ $value | printf "%.6g" }}'
WHOLE = '{{ $value | printf "%.0f" }}'
VALUES: dict[Unit, str] = {
    "share": PERCENTAGE,
    "seconds": DURATION,
    "bytes": SIZE,
    "events per second": f"{NUMBER}/s",
    "events": WHOLE,
    "number": NUMBER,
}
"""The value that fires, by its unit."""

ESCAPED_SERVICE = "{{ $labels.service | urlquery }}"
ESCAPED_EXTRACTOR = "{{ $labels.extractor | urlquery }}"


def links(objectives: Objectives, alert: str, *, extractor: bool) -> dict[str, str]:
    """Where the runbook stands, the dashboard of the service or of the extractor that fires, and, where a responder has
    one, the page on which one takes an alert in hand; message templates name the alert in that link."""
    dashboard = f"{objectives.dashboards}/{OVERVIEW}?var-service={ESCAPED_SERVICE}"
    if extractor:
        dashboard += f"&var-extractor={ESCAPED_EXTRACTOR}"
    responder = objectives.handling.responder
    page = {"acknowledge_url": responder.page} if responder is not None and responder.page is not None else {}
    return {"runbook_url": f"{objectives.runbooks}/{alert}", "dashboard_url": dashboard, **page}


def steps(first_steps: tuple[str, ...]) -> str:
    """What to do first, numbered."""
    return "\n".join(f"{number}. {step}" for number, step in enumerate(first_steps, start=1))


def shown_quantile(objective: QuantileObjective, window: float) -> str:
    """The quantile of what fires, as `172ms`: asked at that moment and for it alone, because the recorded one is of a
    few evaluations ago and could contradict the alert."""
    fixed = [(label, value) for label, value in objective.population if label not in (names.SERVICE, *objective.by)]
    labels = ("service", *objective.by)
    words = expressions.selector_of_words("", fixed)[1:-1]
    for before, after in (("\\", r"\\"), ('"', r"\""), ("%", "%%")):  # it stands in a format in a text
        words = words.replace(before, after)
    matchers = ",".join((*(f"{label}=%q" for label in labels), *([words] if words else [])))
    values = " ".join(f"$labels.{label}" for label in labels)
    rate = f"sum by (le) (rate({objective.metric}_bucket{{{matchers}}}[{duration_text(window)}]))"
    scale = f" / {objective.scale:g}" if objective.scale != 1 else ""
    query = f'printf "histogram_quantile({number_text(objective.quantile)}, {rate}){scale}" {values} | query'
    return f"{{{{ with {query} }}}}{{{{ . | first | value | humanizeDuration }}}}{{{{ else }}}}unknown{{{{ end }}}}"


def of_judgement(objectives: Objectives, judgement: Judgement) -> dict[str, str]:
    objective, limit = judgement.objective, judgement.limit
    window = duration_text(judgement.window)
    if isinstance(objective, QuantileObjective):
        bound, name = duration_text(limit.bound), f"p{recorded.percent(objective.quantile)}"
        summary = f"{subject(objective)}: {name} is above {bound}"
        value = f"{name} is about {shown_quantile(objective, judgement.window)}, {PERCENTAGE} take longer than {bound}"
        allowed = f"{name} of at most {bound} ({percent_text(judgement.allowed)} may take longer)"
    else:
        side, word = ("below", "at least") if objective.counts == "good" else ("above", "at most")
        summary = f"{subject(objective)}: {lower(objective.title)} {side} {percent_text(limit.bound)}"
        value, allowed = PERCENTAGE, f"{word} {percent_text(limit.bound)}"
    return {
        "summary": summary,
        "description": f"{objective.title}: over the last {window}, {value}. Promised: {allowed}.",
        "value": value,
        "limit": allowed,
        "first_steps": steps(objective.first_steps),
        **links(objectives, objective.alert, extractor=names.EXTRACTOR in objective.by),
    }


def of_comparison(objectives: Objectives, comparison: Comparison) -> dict[str, str]:
    objective, limit = comparison.objective, comparison.limit
    bound = bound_text(objective, limit.bound)
    value = VALUES[objective.unit]
    over = f"over the last {duration_text(comparison.window)}, " if comparison.window else ""
    if objective.kind == "increase":
        summary, allowed = f"{lower(objective.title)}, {bound} or more", f"fewer than {bound}"
    elif objective.side == "below":
        summary, allowed = f"{lower(objective.title)} below {bound}", f"at least {bound}"
    else:
        summary, allowed = f"{lower(objective.title)} above {bound}", f"at most {bound}"
    return {
        "summary": f"{subject(objective)}: {summary}",
        "description": f"{objective.title}: {over}{value}. Promised: {allowed}.",
        "value": value,
        "limit": allowed,
        "first_steps": steps(objective.first_steps),
        **links(objectives, objective.alert, extractor=names.EXTRACTOR in objective.by),
    }


def bound_text(objective: BoundObjective, bound: float) -> str:
    """A bound as a person writes it."""
    match objective.unit:
        case "share":
            return percent_text(bound)
        case "seconds" if bound > 0:
            return duration_text(bound)
        case "bytes":
            return bytes_text(bound)
        case "events per second":
            return f"{number_text(bound)}/s"
        case _:
            return number_text(bound)


def of_twin(objectives: Objectives, twin: Twin) -> dict[str, str]:
    hold = duration_text(twin.hold)
    objective = twin.objective
    return {
        "summary": f"{SERVICE}: nothing to judge {objective.name} by",
        "description": f"{objective.title}: no data for {hold}, so {objective.alert} could not fire.",
        "value": f"no data for {hold}",
        "limit": f"never longer than {hold}",
        "first_steps": steps(
            (
                "See whether the target that exports it answers its scrape.",
                "See whether it still exports a metric of that name; an update may have renamed it.",
                f"Read the runbook of {objective.alert}: until this is mended, nobody is told of that.",
            )
        ),
        **links(objectives, TWIN, extractor=False),
    }


def subject(objective: Promise) -> str:
    """What fires: the labels that are judged one by one, or else the service."""
    return " ".join(f"{{{{ $labels.{label} }}}}" for label in objective.by) or SERVICE


def of_watch(objectives: Objectives, watch: Watch) -> dict[str, str]:
    hold = duration_text(watch.limit.bound)
    if watch.objective.of == "target":
        summary, value = f"{SERVICE} does not answer", f"no target has answered its scrape for {hold}"
    elif watch.objective.of == "series":
        metric = watch.objective.metric
        summary, value = f"{SERVICE}: no series of {metric}", f"nobody has exported {metric} for {hold}"
    else:
        summary = f"{SERVICE}{AND_EXTRACTOR} measures no extraction"
        value = f"it answers, but has counted no extraction for {hold}"
    return {
        "summary": summary,
        "description": f"{watch.objective.title}: {SERVICE}{AND_EXTRACTOR}, {value}.",
        "value": value,
        "limit": f"never longer than {hold}",
        "first_steps": steps(watch.objective.first_steps),
        **links(objectives, watch.objective.alert, extractor=False),
    }


def lower(title: str) -> str:
    """A title as it stands inside a sentence."""
    return title[:1].lower() + title[1:]
