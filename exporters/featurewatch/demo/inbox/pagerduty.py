"""PagerDuty's Events API v2: what `POST /v2/enqueue` accepts and refuses.

From PagerDuty's developer documentation, "Events API v2": "Overview" (statuses, 512 KB), "Send an Alert Event"
(required fields, lengths, values, shape of links and images) and "Events API Rate Limits"; the bodies are those of its
OpenAPI description (`api-schema`, events-v2) and of "Send an event" (v2.developer.pagerduty.com). The documentation
states the limit of 512 KB without a status; 413 is HTTP's own for it. Alertmanager keeps below 512,000 bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from featurewatch import names
from featurewatch.demo.inbox.answer import Answer, read_json
from featurewatch.demo.inbox.message import Message, Status, clean
from featurewatch.demo.inbox.recognition import Recognised, alert_names, keep_labels, labels_in, names_in, recognise

MAX_EVENT_BYTES: Final = 512_000
ROUTING_KEY_LENGTH: Final = 32
MAX_SUMMARY: Final = 1024
MAX_DEDUP_KEY: Final = 255

ACTIONS: Final[Mapping[str, Status]] = {"trigger": "firing", "acknowledge": "none", "resolve": "resolved"}
SEVERITIES: Final = ("critical", "error", "warning", "info")

_STRINGS: Final = ("component", "group", "class", "timestamp")


@dataclass(frozen=True)
class Account:
    """The PagerDuty account that exists here."""

    routing_key: str = ""
    """The one integration key; empty: any key of the right length."""


@dataclass(frozen=True)
class Event:
    """A valid event, reduced to what decides about incidents."""

    action: str
    dedup_key: str
    routing_key: str


def check(account: Account, body: bytes) -> tuple[Event | None, Answer]:
    """The event in `body`, or None; and the answer, a refusal listing every error at once when there is none."""
    if len(body) > MAX_EVENT_BYTES:
        return None, too_large()
    try:
        event = read_json(body)
    except ValueError:
        return None, _refusal(Message(channel="pagerduty"), ["JSON parse error"], unrecognised=True)
    if not isinstance(event, dict):
        return None, _refusal(Message(channel="pagerduty"), ["Event is not an object"], unrecognised=True)
    message = _message(event)
    errors = [*_envelope_errors(account, event), *_payload_errors(event)]
    if errors:
        return None, _refusal(message, errors)
    accepted = Event(event["event_action"], event.get("dedup_key") or "", event["routing_key"])
    return accepted, processed(message)


def processed(message: Message) -> Answer:
    """202, the event is taken."""
    said = {"status": "success", "message": "Event processed", "dedup_key": message.key}
    return Answer(message=message, status=202, body=json.dumps(said), media_type="application/json")


def too_large() -> Answer:
    """413: more than 512 KB."""
    errors = [f"Event is too large (maximum is {MAX_EVENT_BYTES} bytes)"]
    return replace(_refusal(Message(channel="pagerduty"), errors), status=413)


def rate_limited(answer: Answer) -> Answer:
    """429: too many calls for this key."""
    said = {"status": "throttle exceeded", "message": "Request Limit Exceeded"}
    return replace(answer, status=429, body=json.dumps(said), media_type="application/json")


def masked(routing_key: object) -> str:
    """A routing key as it may be shown and stored: its ends only."""
    key = routing_key if isinstance(routing_key, str) else ""
    return f"{key[:4]}…{key[-4:]}" if len(key) > 8 else "…"


def _refusal(message: Message, errors: list[str], *, unrecognised: bool = False) -> Answer:
    said = {
        "status": "Unrecognized object" if unrecognised else "invalid event",
        "message": "Event object format is unrecognized" if unrecognised else "Event object is invalid",
        "errors": errors,
    }
    reason = "; ".join(errors)
    body = json.dumps(said)
    return Answer(message=message, status=400, body=body, media_type="application/json", reason=reason)


def _envelope_errors(account: Account, event: Mapping[str, Any]) -> Iterator[str]:
    key = event.get("routing_key")
    if not isinstance(key, str) or not key.strip():
        yield "'routing_key' is missing or blank"
    elif len(key) != ROUTING_KEY_LENGTH:
        yield f"Length of 'routing_key' is incorrect (should be {ROUTING_KEY_LENGTH} characters)"
    elif account.routing_key and key != account.routing_key:
        yield "Invalid routing key"
    action = event.get("event_action")
    if not action:
        yield "'event_action' is missing or blank"
    elif not isinstance(action, str) or action not in ACTIONS:
        yield "'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')"
    dedup_key = event.get("dedup_key")
    if dedup_key is not None and not isinstance(dedup_key, str):
        yield "'dedup_key' is not a string"
    elif dedup_key and len(dedup_key) > MAX_DEDUP_KEY:
        yield f"'dedup_key' is too long (maximum is {MAX_DEDUP_KEY} characters)"
    elif not dedup_key and action in ("acknowledge", "resolve"):
        yield "'dedup_key' is missing or blank"
    yield from _assets(event, "links", "href")
    yield from _assets(event, "images", "src")


def _assets(event: Mapping[str, Any], name: str, required: str) -> Iterator[str]:
    assets = event.get(name)
    if assets is None:
        return
    if not isinstance(assets, list):
        yield f"'{name}' is not an array"
        return
    for position, asset in enumerate(assets):
        if not isinstance(asset, dict):
            yield f"'{name}[{position}]' is not an object"
        elif not isinstance(asset.get(required), str) or not asset[required]:
            yield f"'{name}[{position}].{required}' is missing or blank"
        elif name == "images" and not asset[required].startswith("https://"):
            yield f"'{name}[{position}].{required}' is not served via HTTPS"


def _payload_errors(event: Mapping[str, Any]) -> Iterator[str]:
    """Faults of the payload. Only a trigger needs one; Alertmanager sends it along with a resolve, too."""
    payload = event.get("payload")
    if event.get("event_action") != "trigger":
        return
    if not isinstance(payload, dict):
        yield "'payload' is missing or blank"
        return
    for name in ("summary", "source"):
        if not isinstance(payload.get(name), str) or not payload[name].strip():
            yield f"'payload.{name}' is missing or blank"
    if isinstance(summary := payload.get("summary"), str) and len(summary) > MAX_SUMMARY:
        yield f"'payload.summary' is too long (maximum is {MAX_SUMMARY} characters)"
    if not payload.get("severity"):
        yield "'payload.severity' is missing or blank"
    elif payload["severity"] not in SEVERITIES:
        yield "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"
    yield from (
        f"'payload.{name}' is not a string" for name in _STRINGS if not isinstance(payload.get(name), str | None)
    )
    if not isinstance(payload.get("custom_details"), dict | None):
        yield "'payload.custom_details' is not an object"


def _message(event: Mapping[str, Any]) -> Message:
    given = event.get("payload")
    payload: Mapping[str, Any] = given if isinstance(given, dict) else {}
    given = payload.get("custom_details")
    given = given if isinstance(given, dict) else {}
    # White space around a value is not shown.
    details = {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
    lines = [f"{name}: {value if isinstance(value, str) else json.dumps(value)}" for name, value in details.items()]
    action = event.get("event_action")
    status = ACTIONS.get(action, "none") if isinstance(action, str) else "none"
    summary = _text(payload.get("summary"))
    found = _recognise(status, summary, payload, details)
    listed = [alert for name in ("firing", "resolved") for alert in _list(details.get(name))]
    labels = dict(found.labels) | labels_in(listed) | keep_labels(details)
    key = event.get("dedup_key")
    return Message(
        channel="pagerduty",
        status=status,
        firing=found.firing,
        resolved=found.resolved,
        severity=labels.get(names.SEVERITY) or clean(_text(payload.get("severity")), 64),
        labels=labels,
        recipients=(f"on-call ({masked(event.get('routing_key'))})",),
        summary=clean(summary, 1024),
        body=clean("\n".join(lines)),
        key=clean(_text(key), MAX_DEDUP_KEY),
    )


def _recognise(status: Status, summary: str, payload: Mapping[str, Any], details: Mapping[str, Any]) -> Recognised:
    """Alerts by name: the details say it best, then the class, then the summary.

    Alertmanager's default details hold its alerts under `firing` and `resolved`, as JSON or (older versions) as text.
    """
    firing, resolved = names_in(details.get("firing")), names_in(details.get("resolved"))
    if firing or resolved:
        return Recognised(status=status, firing=firing, resolved=resolved)
    sections = "\n".join(f"{name}:\n{_text(details.get(name))}" for name in ("firing", "resolved"))
    named = alert_names(" ".join(_text(details.get(name)) for name in ("alertname", "alerts", "alert")))
    found = recognise(summary, sections, status=status)
    if not named and not (found.firing or found.resolved):
        named = alert_names(_text(payload.get("class"))) or alert_names(summary.partition(" ")[0].strip(":,"))
    if not named:
        return found
    return replace(
        found,
        firing=named if status == "firing" else (),
        resolved=named if status == "resolved" else (),
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(item for item in value if isinstance(item, str))
    return value if isinstance(value, str) else ""
