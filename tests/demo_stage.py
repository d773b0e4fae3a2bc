"""A stage of made-up time: what Prometheus and the inbox say is scripted against a clock that only sleeping moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

import httpx

from featurewatch.demo.inbox.client import InboxClient
from featurewatch.demo.inbox.message import Delivery
from featurewatch.demo.observer import Prometheus, SeenAlert
from featurewatch.demo.scenes import Expectation
from featurewatch.demo.stage import Stage


@dataclass
class Script:
    """What happens on the stage, in seconds of the fault: it begins to be seen at 2, fires at 6, is told at 7."""

    expectations: tuple[Expectation, ...]
    traffic: float = 80.0
    pending_after: float = 2.0
    fires_after: float = 6.0
    told_after: float = 7.0
    over_after: float = 50.0
    """Seconds after the end of the fault."""
    lost: frozenset[tuple[str, str]] = frozenset()
    """(channel, firing or resolved) of messages that never arrive."""
    always: str = ""
    """An alert that fires all the time."""
    interrupt_at: float | None = None
    """Seconds of the fault at which somebody presses Ctrl-C."""
    now: float = 1_000.0
    faults: list[Mapping[str, object]] = field(default_factory=list)
    """Every fault that was put, with NO_FAULT among them."""
    moved: list[str] = field(default_factory=list)
    """stop and start, in order."""
    refuses: Callable[[Mapping[str, object]], Exception | None] = lambda _: None
    began: float | None = None
    ended: float | None = None

    def stage(self) -> Stage:
        return Stage(
            extractor_url="http://extractor",
            inbox=cast("InboxClient", _Inbox(self)),
            prometheus=cast("Prometheus", _Prometheus(self)),
            stop_extractor=self._stop,
            start_extractor=self._start,
            clock=lambda: self.now,
            sleep=self._sleep,
            put_fault=self._put,
        )

    @property
    def fault_holds(self) -> bool:
        return self.began is not None and self.ended is None

    def _put(self, _: str, fault: Mapping[str, object]) -> None:
        if error := self.refuses(fault):
            raise error
        self.faults.append(fault)
        if fault["mode"] != "none":
            self.began, self.ended = self.now, None
        elif self.began is not None and self.ended is None:
            self.ended = self.now

    def _stop(self) -> None:
        self.moved.append("stop")
        self.began = self.now

    def _start(self) -> None:
        self.moved.append("start")
        self.ended = self.now

    def _sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.interrupt_at is not None and self.fault_holds and self.since(self.began) >= self.interrupt_at:
            self.interrupt_at = None
            raise KeyboardInterrupt

    def since(self, when: float | None) -> float:
        return self.now - when if when is not None else -1.0

    def alerts(self) -> list[SeenAlert]:
        if (
            self.began is None
            or self.since(self.began) < self.pending_after
            or self.since(self.ended) > self.over_after
        ):
            return []
        (first, *_) = self.expectations
        labels = {"alertname": first.alert, "severity": str(first.severity)}
        state = "firing" if self.since(self.began) >= self.fires_after else "pending"
        return [SeenAlert(labels, state, self.began + self.pending_after)]

    def deliveries(self) -> list[Delivery]:
        found = []
        if self.began is not None and self.since(self.began) >= self.told_after:
            found += [self._delivery(each, "firing", self.began + self.told_after) for each in self.expectations]
        if self.ended is not None and self.since(self.ended) >= self.over_after:
            found += [self._delivery(each, "resolved", self.ended + self.over_after) for each in self.expectations]
        return [delivery for delivery in found if (delivery.channel, delivery.status) not in self.lost]

    def _delivery(self, expectation: Expectation, status: str, at: float) -> Delivery:
        number = [each.channel for each in self.expectations].index(expectation.channel) + 1
        return Delivery(
            channel=expectation.channel,
            status="firing" if status == "firing" else "resolved",
            firing=(expectation.alert,) if status == "firing" else (),
            resolved=(expectation.alert,) if status == "resolved" else (),
            severity=str(expectation.severity),
            summary=f"{expectation.alert} {status}",
            id=number + (0 if status == "firing" else 100),
            received_at=datetime.fromtimestamp(at, UTC),
        )


class _Prometheus:
    def __init__(self, script: Script) -> None:
        self._script = script

    def alerts(self) -> list[SeenAlert]:
        watchdog = SeenAlert({"alertname": "Watchdog", "severity": "none"}, "firing", 0.0)
        labels = {"alertname": self._script.always, "severity": "high"}
        always = [SeenAlert(labels, "firing", 0.0)] if self._script.always else []
        return [watchdog, *always, *self._script.alerts()]

    def query(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        if ":extractions:rate" in expression:
            return [({}, self._script.traffic)]
        if ":p95_" in expression:
            return [({}, 0.0123), ({}, float("nan"))]
        return [({}, 0.951)] if "cache_hit_ratio" in expression else []

    def scrapes(self, _: str, seconds: int) -> list[float]:
        return [self._script.now - seconds + step for step in range(seconds + 1)]


class _Inbox:
    def __init__(self, script: Script) -> None:
        self._script = script

    def last_id(self) -> int:
        return 0

    def deliveries(self, *, since_id: int = 0, status: str | None = None, alert: str = "") -> list[Delivery]:
        return [
            delivery
            for delivery in self._script.deliveries()
            if delivery.id > since_id and status in (None, delivery.status) and (not alert or alert in delivery.alerts)
        ]


def refused() -> httpx.HTTPStatusError:
    """As the extractor answers when its admin endpoint is off."""
    request = httpx.Request("PUT", "http://extractor/admin/fault")
    return httpx.HTTPStatusError("404 Not Found", request=request, response=httpx.Response(404, request=request))
