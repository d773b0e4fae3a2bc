"""A story on the running stack: healthy traffic, a fault, the alert, the messages, recovery, all clear."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from featurewatch.demo import scenes
from featurewatch.demo.inbox.client import InboxClient
from featurewatch.demo.inbox.message import Delivery
from featurewatch.demo.observer import Prometheus, SeenAlert
from featurewatch.demo.scenes import Expectation, Scene
from featurewatch.demo.timeline import Breakdown, Moment, Timeline
from featurewatch.rules import recorded
from featurewatch.rules.plan import Judgement, Plan, Watch

Tell = Callable[[Moment], None]

POLL = 0.1
"""Seconds between two looks."""


class StoryError(Exception):
    """The story cannot be told: something it stands on is not there. Says what, and what to do."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story plays: the parts' addresses and the hands that move them."""

    extractor_url: str
    inbox: InboxClient
    prometheus: Prometheus
    stop_extractor: Callable[[], None]
    start_extractor: Callable[[], None]
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for each turn of the story."""

    healthy: float = 150.0
    firing: float = 60.0
    resolved: float = 240.0


@dataclass(slots=True)
class Story:
    """One telling. `tell` gets each moment as it happens; `show` each message as it was received."""

    plan: Plan
    scene: Scene
    stage: Stage
    tell: Tell
    show: Callable[[Delivery], None]
    patience: Patience = field(default_factory=Patience)
    timeline: Timeline = field(default_factory=Timeline)

    def play(self) -> Timeline:
        """Tells the whole story. What was owed and did not come stands in `missing`."""
        owed = scenes.expectations(self.scene, self.plan.objectives)
        self._wait_until_healthy()
        mark = self.stage.inbox.last_id()
        with self._fault():
            self.timeline.began = self.stage.clock()
            self._say(self.timeline.began, "extractor", self.scene.what)
            fired = self._wait_for_alert()
            self._wait_for(owed, "firing", mark, self.patience.firing)
            self._measure(fired, mark)
        self._say(self.stage.clock(), "extractor", "works again")
        self._wait_for(owed, "resolved", mark, self.patience.resolved)
        return self.timeline

    # --- turns ----------------------------------------------------------------------------------------------------
    def _wait_until_healthy(self) -> None:
        """Traffic flows, the promise is kept, nothing is pending."""
        rate = recorded.extractions_rate(self.plan.show_window)
        needed = self.plan.objectives.minimum_traffic
        deadline = self.stage.clock() + self.patience.healthy
        told, flowing, troubles = 0.0, 0.0, list[str]()
        while self.stage.clock() < deadline:
            flowing = max((value for _, value in self.stage.prometheus.query(rate)), default=0.0)
            troubles = sorted({alert.labels["alertname"] for alert in self._alerts()})
            if flowing >= needed and not troubles:
                self._say(self.stage.clock(), "extractor", f"healthy: {flowing:.0f} extractions/s, no alert")
                return
            if self.stage.clock() - told > 10:
                told = self.stage.clock()
                waiting = f"{flowing:.0f} of {needed:.0f} extractions/s" + (
                    f", still pending or firing: {', '.join(troubles)}" if troubles else ""
                )
                self._say(told, "extractor", f"waiting for healthy traffic: {waiting}")
            self.stage.sleep(5 * POLL)
        raise StoryError(
            f"no healthy traffic within {self.patience.healthy:g} s ({flowing:.0f} extractions/s, "
            f"alerts: {', '.join(troubles) or 'none'}); see `make status` and `make logs PART=extractor`"
        )

    @contextmanager
    def _fault(self) -> Iterator[None]:
        """The fault holds inside and ends with it, whatever happens."""
        if self.scene.fault is None:
            self.stage.stop_extractor()
            try:
                yield
            finally:
                self.stage.start_extractor()
            return
        self._put_fault(self.scene.fault)
        try:
            yield
        finally:
            self._put_fault({"mode": "none"})

    def _put_fault(self, fault: object) -> None:
        try:
            answer = httpx.put(f"{self.stage.extractor_url}/admin/fault", json=fault, timeout=5, trust_env=False)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise StoryError(f"the extractor takes no fault: {error}; is the stack up? (`make up`)") from error

    def _wait_for_alert(self) -> SeenAlert | None:
        """Live: pending, then firing."""
        objective = scenes.objective(self.scene, self.plan.objectives)
        deadline = self.stage.clock() + self.patience.firing
        pending = False
        while self.stage.clock() < deadline:
            for alert in self._alerts():
                if alert.labels["alertname"] != objective.alert or alert.labels["severity"] != str(self.scene.severity):
                    continue
                if not pending:
                    pending = True
                    self._say(alert.active_at, "prometheus", f"{objective.alert} {self.scene.severity} is pending")
                if alert.state == "firing":
                    self._say(alert.active_at + self._hold(), "prometheus", f"{objective.alert} fires")
                    return alert
            self.stage.sleep(POLL)
        self.timeline.missing.append(f"{objective.alert} {self.scene.severity} did not fire")
        return None

    def _wait_for(self, owed: tuple[Expectation, ...], status: str, mark: int, patience: float) -> None:
        """Every owed message, shown as it arrives."""
        open_ = list(owed)
        deadline = self.stage.clock() + patience
        seen = mark
        while open_ and self.stage.clock() < deadline:
            for delivery in self.stage.inbox.deliveries(since_id=seen):
                seen = delivery.id
                for expectation in open_:
                    if not _answers(expectation, delivery, status):
                        continue
                    open_.remove(expectation)
                    self._say(
                        delivery.received_at.timestamp(), delivery.channel, f"{expectation.alert} {status}: received"
                    )
                    self.show(delivery)
                    break
            self.stage.sleep(POLL)
        self.timeline.missing += [f"{e.channel}: {e.alert} {e.severity} {status}" for e in open_]

    def _measure(self, fired: SeenAlert | None, mark: int) -> None:
        """Where the seconds went, from Prometheus' own time stamps and the inbox's."""
        if fired is None or self.timeline.missing:
            return
        received = [
            delivery.received_at.timestamp()
            for delivery in self.stage.inbox.deliveries(since_id=mark, status="firing", alert=fired.labels["alertname"])
            if delivery.severity in ("", str(self.scene.severity))
        ]
        began = self.timeline.began or 0.0
        scrapes = self.stage.prometheus.scrapes(self.plan.objectives.service, 120)
        after = [stamp for stamp in scrapes if began <= stamp <= fired.active_at]
        if not received or not after:
            return
        first, last = after[0], after[-1]
        fires_at = fired.active_at + self._hold()
        self.timeline.breakdown = Breakdown(
            scrape=first - began,
            window=last - first,
            evaluation=fired.active_at - last,
            hold=self._hold(),
            delivery=max(received) - fires_at,
        )

    # --- small helps ----------------------------------------------------------------------------------------------
    def _alerts(self) -> list[SeenAlert]:
        return [alert for alert in self.stage.prometheus.alerts() if alert.labels.get("severity") != "none"]

    def _hold(self) -> float:
        steps: list[Judgement | Watch] = [*self.plan.judgements, *self.plan.watches]
        for step in steps:
            if step.objective.name == self.scene.objective and step.limit.severity is self.scene.severity:
                return step.hold
        return 0.0

    def _say(self, at: float, actor: str, what: str) -> None:
        moment = Moment(at, actor, what)
        self.timeline.moments.append(moment)
        self.tell(moment)


def _answers(expectation: Expectation, delivery: Delivery, status: str) -> bool:
    names = delivery.firing if status == "firing" else delivery.resolved
    right_severity = delivery.severity in ("", str(expectation.severity))
    return delivery.channel == expectation.channel and expectation.alert in names and right_severity
