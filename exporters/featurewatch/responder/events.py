"""Lines of Alertmanager's event recorder (0.33 or newer), as what they say of alerts.

What webhooks cannot tell stands there: that an alert was inhibited or silenced, and that a message about it left. An
event says itself which one it is, so that reading a file again adds nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from featurewatch.responder.deadman import ALERT
from featurewatch.responder.firing import Told

MUTED: Final = {"inhibitionMutedAlert": "inhibited", "silenceMutedAlert": "silenced"}
"""Alertmanager repeats these at every round of a group; each becomes one entry."""


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that Alertmanager did about an alert."""

    kind: str
    """`inhibited`, `silenced` or `delivered`."""
    at: datetime
    fingerprint: str
    started_at: datetime | None
    """Of the firing; None where the event does not say: the one that lasts at `at`."""
    detail: Mapping[str, str]
    once: str
    """What makes it this event and no other one of the same firing."""

    def digest(self, firing: int) -> str:
        return hashlib.sha256(f"{firing}\0{self.kind}\0{self.once}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Said:
    """What one line says."""

    told: tuple[Told, ...] = ()
    happened: tuple[Happened, ...] = ()


def said(line: bytes) -> Said:
    """What a line says; nothing where it is about no alert. Raises ValueError where it is no event."""
    try:
        event = json.loads(line)
        at = _time(event["@timestamp"])
        (kind, content), *_ = event["data"].items()
        if kind == "alertCreated":
            return Said(told=_without_watchdog(_told(content["alert"])))
        if kind == "alertResolved":
            return Said(told=_without_watchdog(_told(content["alert"]["details"])))
        if kind in MUTED:
            return Said(happened=tuple(_muted(MUTED[kind], at, content)))
        if kind == "notification":
            return Said(happened=tuple(_delivered(at, content)))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"no event of Alertmanager: {type(error).__name__}: {error}") from error
    return Said()


def _told(alert: Mapping[str, Any]) -> Told:
    ended = _time(alert["endsAt"]) if alert.get("resolved") else None
    labels, annotations = _pairs(alert["labels"]), _pairs(alert.get("annotations", {}))
    return Told(_hexadecimal(alert["fingerprint"]), _time(alert["startsAt"]), ended, labels, annotations)


def _without_watchdog(told: Told) -> tuple[Told, ...]:
    return () if told.labels.get("alertname") == ALERT else (told,)


def _muted(kind: str, at: datetime, content: Mapping[str, Any]) -> Iterator[Happened]:
    fingerprint = _hexadecimal(content["mutedAlert"]["fingerprint"])
    if kind == "silenced":
        silence = content["silence"]
        detail = {"silence": silence["id"], "by": silence.get("createdBy", ""), "comment": silence.get("comment", "")}
        yield Happened(kind, at, fingerprint, None, detail, silence["id"])
        return
    by = sorted(_hexadecimal(number) for number in content.get("inhibitingFingerprints", ()))
    yield Happened(kind, at, fingerprint, None, {"by": ", ".join(by)}, "")


def _delivered(at: datetime, content: Mapping[str, Any]) -> Iterator[Happened]:
    group, firing = content["groupInfo"], {one["hash"] for one in content.get("firingAlerts", ())}
    ended = {one["hash"] for one in content.get("resolvedAlerts", ())}
    channel, index = content["integration"]["name"], content["integration"].get("index", 0)
    for one in content["alerts"]:
        alert = one["details"]
        if one["hash"] not in firing | ended or alert["name"] == ALERT:
            continue
        status = "firing" if one["hash"] in firing else "resolved"
        reason = content.get("reason", "").removeprefix("NOTIFY_REASON_").lower().replace("_", " ")
        detail = {"receiver": group["receiverName"], "channel": channel, "status": status, "reason": reason}
        once = f"{at.isoformat()} {group['groupId']} {channel} {index}"
        yield Happened("delivered", at, _hexadecimal(alert["fingerprint"]), _time(alert["startsAt"]), detail, once)


def _pairs(labels: Mapping[str, Any]) -> dict[str, str]:
    return {pair["key"]: pair.get("value", "") for pair in labels.get("labels", ())}


def _hexadecimal(fingerprint: str) -> str:
    """Webhooks and the API write in hexadecimal what the recorder writes in decimal digits."""
    return f"{int(fingerprint):016x}"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
