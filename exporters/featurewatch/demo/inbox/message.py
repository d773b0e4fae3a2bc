"""What arrived: a message, and the delivery that it became."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

Channel = Literal["email", "slack", "pagerduty", "webhook"]
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)

Status = Literal["firing", "resolved", "mixed", "none"]
"""What a message says: something fires, something has ended, both, or neither."""
STATUSES: Final[tuple[Status, ...]] = get_args(Status)

TEXT_LIMIT: Final = 16_384
"""Characters of text kept in memory for one field; the whole request stays in the raw file."""


def clean(text: str, limit: int = TEXT_LIMIT) -> str:
    """`text` without what cannot be written as UTF-8 (lone surrogates), shortened to `limit` characters."""
    readable = text[: limit + 1].encode("utf-8", "replace").decode("utf-8")
    return readable if len(readable) <= limit else readable[: limit - 1] + "…"


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a request said, as far as it could be read."""

    channel: Channel
    status: Status = "none"
    firing: tuple[str, ...] = ()
    """Names of the alerts that it says are firing."""
    resolved: tuple[str, ...] = ()
    """Names of the alerts that it says have ended."""
    severity: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    """The labels worth reading (service, extractor, …), as far as the message states them."""
    recipients: tuple[str, ...] = ()
    summary: str = ""
    body: str = ""
    key: str = ""
    """What ties messages together: PagerDuty's `dedup_key`, the webhook's `groupKey`, else empty."""
    effect: str = ""
    """What it did to the PagerDuty incident: opened, repeated, acknowledged, resolved or dropped."""

    @property
    def alerts(self) -> tuple[str, ...]:
        """All alert names, firing ones first, each once."""
        return tuple(dict.fromkeys((*self.firing, *self.resolved)))


@dataclass(frozen=True, kw_only=True)
class Delivery(Message):
    """A message with its place in the order of arrival."""

    id: int
    """Rises by one with each request, and never falls, not even across restarts."""
    received_at: datetime
    """Aware, UTC."""
    raw: str = ""
    """The file with the request as it came, relative to the inbox's directory; empty if it could not be written."""
    refused: bool = False
    reason: str = ""
    """Why it was refused; empty when it was accepted."""

    def to_json(self) -> dict[str, Any]:
        """A value that `json.dumps` takes and `Delivery.from_json` gives back."""
        plain = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        return plain | {
            "received_at": self.received_at.isoformat(),
            "alerts": list(self.alerts),
            "labels": dict(self.labels),
        }

    @classmethod
    def from_json(cls, value: Any) -> Delivery:
        """The delivery in `value`. Raises ValueError, naming the field, when it is not one."""
        if not isinstance(value, dict):
            raise ValueError("a delivery is a JSON object")
        for name, kind in (("id", int), ("channel", str), ("received_at", str), ("status", str), ("labels", dict)):
            if not isinstance(value.get(name), kind):
                raise ValueError(f"delivery without a valid {name!r}")
        if value["channel"] not in CHANNELS or value["status"] not in STATUSES:
            raise ValueError("delivery of an unknown channel or status")
        received_at = datetime.fromisoformat(value["received_at"])
        if received_at.tzinfo is None:
            raise ValueError("delivery whose 'received_at' has no time zone")
        known = {item.name for item in dataclasses.fields(cls)}
        plain = {name: kept for name, kept in value.items() if name in known}
        names = {name: tuple(map(str, plain.get(name, ()))) for name in ("firing", "resolved", "recipients")}
        return cls(**plain | names | {"received_at": received_at.astimezone(UTC)})

    def to_line(self) -> bytes:
        """One line of JSON, with its end of line."""
        return json.dumps(self.to_json(), separators=(",", ":")).encode() + b"\n"


@dataclass(frozen=True, kw_only=True)
class Query:
    """Which deliveries to read. Empty fields select everything."""

    channel: Channel | None = None
    status: Status | None = None
    """`firing` and `resolved` also select mixed messages: those say both."""
    alert: str = ""
    """With `status`, the messages that say this of this very alert."""
    recipient: str = ""
    refused: bool | None = False
    """False: accepted ones only; True: refused ones only; None: both."""

    def selects(self, delivery: Delivery) -> bool:
        return (
            (self.channel is None or delivery.channel == self.channel)
            and (self.refused is None or delivery.refused == self.refused)
            and (not self.recipient or self.recipient in delivery.recipients)
            and (self.status is None or delivery.status in (self.status, *_ALSO.get(self.status, ())))
            and (not self.alert or self.alert in self._names(delivery))
        )

    def _names(self, delivery: Delivery) -> tuple[str, ...]:
        match self.status:
            case "firing":
                return delivery.firing
            case "resolved":
                return delivery.resolved
            case _:
                return delivery.alerts


_ALSO: Final[Mapping[str, tuple[str, ...]]] = {"firing": ("mixed",), "resolved": ("mixed",)}
