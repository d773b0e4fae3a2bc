"""A story on the running stack: healthy traffic, a fault, the alert, the messages, recovery, all clear."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from featurewatch import names
from featurewatch.delivery import SEND
from featurewatch.demo import escalation, quiet, scenes
from featurewatch.demo.answering import answering
from featurewatch.demo.errors import StoryError
from featurewatch.demo.escalation import is_about
from featurewatch.demo.inbox.message import Delivery
from featurewatch.demo.observer import SeenAlert
from featurewatch.demo.patience import Patience, step_of, whole_evaluations
from featurewatch.demo.scenes import Expectation, Scene
from featurewatch.demo.stage import Stage, end_fault, fault
from featurewatch.demo.timeline import Breakdown, Moment, Timeline
from featurewatch.objectives.model import RatioObjective
from featurewatch.rules import recorded
from featurewatch.rules.escalation import name
from featurewatch.rules.plan import Plan

Tell = Callable[[Moment], None]

POLL = 0.1
"""Seconds between two looks."""

SHOWN_QUANTILE = 0.95


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
        """Tells the whole story. What was owed and did not come stands in `missing`.

        Whatever happens, the fault ends with it. Raises StoryError where a part does not answer.
        """
        with answering():
            return self._play()

    def _play(self) -> Timeline:
        owed = scenes.expectations(self.scene, self.plan.objectives)
        if self.scene.fault is not None:
            end_fault(self.stage)  # one that a killed story left behind, and the proof that faults are taken at all
        self._wait_until_healthy()
        mark = self.stage.inbox.last_id()
        with fault(self.stage, self.scene, self.patience.fault):
            self.timeline.began = self.stage.clock()
            self._say(self.timeline.began, "extractor", self.scene.what)
            fired = self._wait_for_alert()
            told = self._wait_for(owed, "firing", mark, self.patience.firing)
            self._measure(fired, mark)
            if fired is not None and self.scene.escalates:
                told += self._escalate(fired, mark)
        self._say(self.stage.clock(), "extractor", "works again")
        # Who was told must hear the end of it; who was not is missing already.
        self._wait_for(told, "resolved", mark, self.patience.resolved)
        if self.scene.escalates:
            about = scenes.objective(self.scene, self.plan.objectives).alert
            self.timeline.received += escalation.receipts(self.stage.inbox.deliveries(since_id=mark), about)
        return self.timeline

    # --- turns ----------------------------------------------------------------------------------------------------
    def _wait_until_healthy(self) -> None:
        """Traffic flows, the promise is kept, nothing is pending that could become part of the story."""
        rate = recorded.extractions_rate(self.plan.show_window)
        needed = self.plan.objectives.minimum_traffic
        deadline = self.stage.clock() + self.patience.healthy
        told, flowing, troubles = 0.0, 0.0, list[str]()
        while self.stage.clock() < deadline:
            flowing = self._value(rate) or 0.0
            alerts = self._alerts()
            troubles = quiet.disturbing(alerts, self.plan, self.scene)
            if flowing >= needed and not troubles:
                others = ", ".join(quiet.elsewhere(alerts, self.plan, self.scene))
                calm = f"no alert but of other matters ({others})" if others else "no alert"
                self._say(self.stage.clock(), "extractor", f"healthy: {self._vitals(flowing)}, {calm}")
                return
            if ended := self.stage.no_traffic():
                raise StoryError(f"{ended}; see `make logs PART=extractor`")
            if self.stage.clock() - told > 10:
                told = self.stage.clock()
                waiting = f"waiting for healthy traffic: {flowing:.0f} of {needed:.0f} extractions/s"
                waiting += f", still pending or firing: {', '.join(troubles)}" if troubles else ""
                self.tell(Moment(told, "extractor", waiting))
            self.stage.sleep(5 * POLL)
        raise StoryError(
            f"no healthy traffic within {self.patience.healthy:g} s ({flowing:.0f} of {needed:.0f} extractions/s, "
            f"alerts: {', '.join(troubles) or 'none'}); see `make status` and `make logs PART=extractor`"
        )

    def _vitals(self, flowing: float) -> str:
        """How well the extractor is, in the series that the dashboard shows."""
        said = [f"{flowing:.0f} extractions/s"]
        p95 = self._value(recorded.quantile_seconds(SHOWN_QUANTILE, self.plan.show_window))
        if p95 is not None:
            said.append(f"p{recorded.percent(SHOWN_QUANTILE)} {p95 * 1e3:.0f} ms")
        for judgement in self.plan.judgements:
            objective = judgement.objective
            if isinstance(objective, RatioObjective) and objective.counts == "good":
                share = self._value(recorded.good_ratio(objective.name, judgement.window))
                if share is not None:
                    said.append(f"{objective.name.replace('-', ' ')} {share:.1%}")
        return ", ".join(dict.fromkeys(said))

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
                    self._say(self._fires_at(alert), "prometheus", f"{objective.alert} fires")
                    return alert
            self.stage.sleep(POLL)
        self.timeline.missing.append(f"{objective.alert} {self.scene.severity} did not fire")
        return None

    def _wait_for(self, owed: Sequence[Expectation], status: str, mark: int, patience: float) -> list[Expectation]:
        """Every owed message, shown as it arrives; returns those that did. The others are missing."""
        open_ = list(owed)
        deadline = self.stage.clock() + patience
        seen = mark
        while open_ and self.stage.clock() < deadline:
            for delivery in self.stage.inbox.deliveries(since_id=seen):
                seen = delivery.id
                answered = [expectation for expectation in open_ if _answers(expectation, delivery, status)]
                if not answered:
                    continue
                open_ = [expectation for expectation in open_ if expectation not in answered]
                what = f"{answered[0].alert} {status}: received"
                self._say(delivery.received_at.timestamp(), delivery.channel, what)
                self.show(delivery)
            self.stage.sleep(POLL)
        self.timeline.missing += [f"{e.to or e.channel}: {e.alert} {e.severity} {status}" for e in open_]
        return [expectation for expectation in owed if expectation not in open_]

    def _escalate(self, fired: SeenAlert, mark: int) -> list[Expectation]:
        """Level 2 comes and is acknowledged, level 3 does not come; returns what was told."""
        objectives, about = self.plan.objectives, fired.labels["alertname"]
        _, second, third = escalation.policy(self.scene, objectives).levels
        at = datetime.fromtimestamp(self.stage.clock(), UTC)
        owed = escalation.owed(self.scene, objectives, second, at)
        told = self._wait_for(owed, "firing", mark, second.after + self.patience.firing)
        deliveries = self.stage.inbox.deliveries(since_id=mark)
        self.timeline.unwanted += escalation.alien(deliveries, owed, name(second.number), about)
        who = self.stage.acknowledge(fired.labels)
        self._say(self.stage.clock(), "responder", f"{who} acknowledges {about}")
        timing = self.plan.timing
        late = timing.scrape_interval + timing.evaluation_interval + timing.group_wait + SEND
        until = self._fires_at(fired) + third.after + late
        self.stage.sleep(max(0.0, until - self.stage.clock()))
        told_too_much = [
            delivery
            for delivery in self.stage.inbox.deliveries(since_id=mark, alert=name(third.number))
            if escalation.is_about(delivery, about)
        ]
        self.timeline.unwanted += [f"{each.channel}: {name(third.number)}" for each in told_too_much]
        if not told_too_much:
            self._say(self.stage.clock(), "prometheus", f"level 3 was due after {third.after:g} s and did not fire")
        return told

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
        lasted = math.ceil(self.stage.clock() - began) + 1
        scrapes = self.stage.prometheus.scrapes(self.plan.objectives.service, lasted)
        after = [stamp for stamp in scrapes if began <= stamp <= fired.active_at]
        if not received or not after:
            return
        first, last = after[0], after[-1]
        fires_at = self._fires_at(fired)
        self.timeline.breakdown = Breakdown(
            scrape=first - began,
            window=last - first,
            evaluation=fired.active_at - last,
            hold=fires_at - fired.active_at,
            delivery=max(received) - fires_at,
        )

    # --- small helps ----------------------------------------------------------------------------------------------
    def _alerts(self) -> list[SeenAlert]:
        return [alert for alert in self.stage.prometheus.alerts() if alert.labels.get("severity") != "none"]

    def _value(self, series: str) -> float | None:
        """The greatest of its values; None where it has none."""
        selector = f'{series}{{{names.SERVICE}="{self.plan.objectives.service}"}}'
        values = [value for _, value in self.stage.prometheus.query(selector) if not math.isnan(value)]
        return max(values, default=None)

    def _fires_at(self, alert: SeenAlert) -> float:
        """Unix seconds of the evaluation at which a pending alert fires."""
        step = step_of(self.plan, self.scene)
        return alert.active_at + (whole_evaluations(self.plan, step.hold) if step else 0.0)

    def _say(self, at: float, actor: str, what: str) -> None:
        moment = Moment(at, actor, what)
        self.timeline.moments.append(moment)
        self.tell(moment)


def _answers(expectation: Expectation, delivery: Delivery, status: str) -> bool:
    names = delivery.firing if status == "firing" else delivery.resolved
    right_severity = delivery.severity in ("", str(expectation.severity))
    reached = not expectation.to or expectation.to in delivery.recipients
    reached = reached and (not expectation.about or is_about(delivery, expectation.about))
    return delivery.channel == expectation.channel and expectation.alert in names and right_severity and reached
