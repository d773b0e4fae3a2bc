"""The incidents that PagerDuty would have open, by `dedup_key`.

"Send an Alert Event" (PagerDuty's documentation, "Alert De-Duplication"): a trigger opens an incident or repeats the
open one; acknowledge and resolve apply to an open one and are dropped otherwise; only events of the same routing key
belong together.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from featurewatch.demo.inbox.message import Delivery, Message

WINDOW_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Incident:
    """One open incident."""

    state: Literal["triggered", "acknowledged"]
    triggers: int
    """How many trigger events it took in."""
    message: Message
    """The trigger that opened it."""


class Incidents:
    """Open incidents, bounded: beyond `limit`, the oldest is forgotten."""

    def __init__(self, new_key: Callable[[], str] = lambda: uuid.uuid4().hex, limit: int = 10_000) -> None:
        self._open: dict[tuple[tuple[str, ...], str], Incident] = {}
        self._new_key = new_key
        self._limit = limit

    @property
    def open(self) -> tuple[Incident, ...]:
        return tuple(self._open.values())

    def apply(self, message: Message, action: str) -> Message:
        """Takes an accepted event in; the message comes back with its key, its effect and its alerts' names."""
        key = message.key or self._new_key()
        place = (message.recipients, key)
        incident = self._open.get(place)
        if action == "trigger":
            effect = "repeated" if incident else "opened"
            self._open[place] = (
                replace(incident, triggers=incident.triggers + 1) if incident else Incident("triggered", 1, message)
            )
            while len(self._open) > self._limit:
                del self._open[next(iter(self._open))]
        elif incident is None:
            effect = "dropped"
        elif action == "acknowledge":
            effect = "acknowledged"
            self._open[place] = replace(incident, state="acknowledged")
        else:
            effect = "resolved"
            del self._open[place]
        if incident is not None and not message.alerts and action == "resolve":
            message = replace(message, resolved=incident.message.alerts)
        return replace(message, key=key, effect=effect)

    def replay(self, delivery: Delivery) -> None:
        """Takes in what a delivery from before a restart had done."""
        actions = {"opened": "trigger", "repeated": "trigger", "acknowledged": "acknowledge", "resolved": "resolve"}
        if delivery.channel == "pagerduty" and not delivery.refused and (action := actions.get(delivery.effect)):
            self.apply(delivery, action)

    def clear(self) -> None:
        self._open.clear()


class RateLimit:
    """At most `limit` calls in any 60 seconds, per key ("Events API Rate Limits": about 120)."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._clock = clock
        self._calls: dict[str, deque[float]] = {}

    def allows(self, key: str) -> bool:
        now = self._clock()
        calls = self._calls.setdefault(key, deque())
        while calls and calls[0] <= now - WINDOW_SECONDS:
            calls.popleft()
        if len(calls) >= self._limit:
            return False
        calls.append(now)
        if len(self._calls) > 1000:
            del self._calls[next(iter(self._calls))]
        return True
