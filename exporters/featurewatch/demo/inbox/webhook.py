"""Alertmanager's generic webhook, payload version "4".

Shape: "Configuration", section `<webhook_config>` (prometheus.io/docs/alerting/latest/configuration), and the data
structures of "Notification template reference".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from featurewatch import names
from featurewatch.demo.inbox.answer import Answer, read_json
from featurewatch.demo.inbox.message import Message, Status, clean
from featurewatch.demo.inbox.recognition import keep_labels, names_in

VERSION: Final = "4"
_MAPS: Final = ("groupLabels", "commonLabels", "commonAnnotations")


def answer(body: bytes) -> Answer:
    """200, or 400 with every fault of the payload on a line of its own."""
    try:
        payload = read_json(body)
    except ValueError as error:
        return _refusal(Message(channel="webhook"), [f"body is not JSON: {error}"])
    if not isinstance(payload, dict):
        return _refusal(Message(channel="webhook"), ["body is not a JSON object"])
    message = _message(payload)
    faults = list(_faults(payload))
    return _refusal(message, faults) if faults else Answer(message=message)


def _refusal(message: Message, faults: list[str]) -> Answer:
    return Answer(message=message, status=400, body="\n".join(faults) + "\n", reason="; ".join(faults))


def _faults(payload: Mapping[str, Any]) -> Iterator[str]:
    if payload.get("version") != VERSION:
        yield f"version is {payload.get('version')!r}, expected {VERSION!r}"
    if payload.get("status") not in ("firing", "resolved"):
        yield f"status is {payload.get('status')!r}, expected 'firing' or 'resolved'"
    for name in ("groupKey", "receiver"):
        if not isinstance(payload.get(name), str) or not payload[name]:
            yield f"{name} is missing or empty"
    if not isinstance(payload.get("externalURL"), str):
        yield "externalURL is not a string"
    if not isinstance(truncated := payload.get("truncatedAlerts", 0), int) or truncated < 0:
        yield "truncatedAlerts is not a number from 0"
    yield from (f"{name} is not a map of strings" for name in _MAPS if not _is_map(payload.get(name)))
    alerts = payload.get("alerts")
    if not isinstance(alerts, list) or not alerts:
        yield "alerts is not a list with at least one alert"
        return
    for position, alert in enumerate(alerts):
        yield from (f"alerts[{position}]: {fault}" for fault in _alert_faults(alert))


def _alert_faults(alert: object) -> Iterator[str]:
    if not isinstance(alert, dict):
        yield "not an object"
        return
    if alert.get("status") not in ("firing", "resolved"):
        yield f"status is {alert.get('status')!r}, expected 'firing' or 'resolved'"
    yield from (f"{name} is not a map of strings" for name in ("labels", "annotations") if not _is_map(alert.get(name)))
    for name in ("startsAt", "endsAt"):
        if not _is_time(alert.get(name)):
            yield f"{name} is not an RFC 3339 time"
    for name in ("generatorURL", "fingerprint"):
        if not isinstance(alert.get(name), str):
            yield f"{name} is not a string"


def _is_map(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _message(payload: Mapping[str, Any]) -> Message:
    listed = payload.get("alerts")
    alerts = [alert for alert in listed if isinstance(alert, dict)] if isinstance(listed, list) else []
    firing, resolved = (
        names_in([alert for alert in alerts if alert.get("status") == said]) for said in ("firing", "resolved")
    )
    common = _map(payload.get("commonLabels"))
    labels = keep_labels(common)
    annotations = _map(payload.get("commonAnnotations"))
    states = {alert.get("status") for alert in alerts}
    status: Status = "none"
    if states >= {"firing", "resolved"}:
        status = "mixed"
    elif "firing" in states or "resolved" in states:
        status = "firing" if "firing" in states else "resolved"
    lines = [f"{alert.get('status')}: {_describe(alert)}" for alert in alerts[:100]]
    return Message(
        channel="webhook",
        status=status,
        firing=firing,
        resolved=resolved,
        severity=labels.get(names.SEVERITY, ""),
        labels=labels,
        recipients=(clean(f"webhook ({payload.get('receiver')})", 256),),
        summary=clean(annotations.get("summary") or ", ".join(dict.fromkeys((*firing, *resolved))), 1024),
        body=clean("\n".join(lines)),
        key=clean(str(payload.get("groupKey", "")), 1024),
    )


def _describe(alert: Mapping[str, Any]) -> str:
    labels, annotations = _map(alert.get("labels")), _map(alert.get("annotations"))
    pairs = ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))
    return "\n  ".join([pairs, *(f"{name}: {value}" for name, value in sorted(annotations.items()))])


def _map(value: object) -> dict[str, str]:
    return {name: item for name, item in value.items() if isinstance(item, str)} if isinstance(value, dict) else {}
