"""The promtool test of the delivery: its recorded parts, their sum, and the alert on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from featurewatch.rules import chain, chain_guards
from featurewatch.rules.cases import Case, Desk, series
from featurewatch.rules.chain_probe import ASIDE, PROMETHEUS, Labels, firing
from featurewatch.rules.expected import humanize_duration
from featurewatch.rules.expressions import selector
from featurewatch.rules.extrapolation import increase
from featurewatch.rules.model import Alert
from featurewatch.rules.plan import Plan

EVALUATION = (250, 100)
"""Milliseconds of the slowest rule group, and of another one."""

Counter = list[int]


@dataclass(frozen=True, slots=True)
class DeliveryCase:
    """Sums of milliseconds and counts of messages, exactly at the limit, then over it, then none at all."""

    plan: Plan
    desk: Desk
    alert: Alert

    def case(self) -> Case:
        allowed = chain_guards.delivery_limit(self.plan.timing)
        calm, over, quiet = 30, 10, 40
        sending = round((allowed - self.plan.timing.group_wait) * 1000) - EVALUATION[0] - 250
        handover = [
            (_counter((calm, 300), (over, 900), (quiet, 0)), _counter((calm, 1), (over, 2), (quiet, 0))),
            (_counter((calm, 200), (over, 300), (quiet, 0)), _counter((calm, 1), (over, 1), (quiet, 0))),
        ]
        send = [
            (
                _counter((calm, sending - 100), (over, sending * 4), (quiet, 0)),
                _counter((calm, 1), (over, 3), (quiet, 0)),
            ),
            (
                _counter((calm, sending + 100), (over, sending * 2), (quiet, 0)),
                _counter((calm, 1), (over, 1), (quiet, 0)),
            ),
        ]
        end = calm + over + quiet
        slack = {"integration": "slack"}
        given = [
            *self._series("prometheus_notifications_latency_seconds", PROMETHEUS, handover),
            *self._series("alertmanager_notification_latency_seconds", slack, send),
            *(
                series(
                    "prometheus_rule_group_last_duration_seconds", (("rule_group", group),), f"{value / 1000:g}x{end}"
                )
                for group, value in zip(("extraction", "chain"), EVALUATION, strict=True)
            ),
        ]
        hold = round(self.alert.hold / self.desk.step)
        first = calm + 1
        fires = first + hold
        looks = [
            self._look(calm, None),
            self._look(fires - 1, None),
            self._look(fires, self._total(handover, send, fires)),
            self._look(end, None),
        ]
        values: list[Case] = []
        for step in (calm, fires, end):
            handed, sent = self._mean(handover, step), self._mean(send, step)
            total = self._total(handover, send, step)
            values += [
                self._value(step, chain.EVALUATION_SECONDS, {}, EVALUATION[0] / 1000),
                self._value(step, chain.HANDOVER_SECONDS, {}, handed),
                self._value(step, chain.SEND_SECONDS, slack, sent),
                self._value(step, chain_guards.DELIVERY_SECONDS, slack, total),
            ]
        return self.desk.case("DeliverySlow: at the limit, over it, and with nothing to deliver", given, looks, values)

    def _look(self, step: int, value: float | None) -> Case:
        labels = {"integration": "slack"}
        expected = [] if value is None else firing(self.alert, labels, humanize_duration(value))
        return self.desk.look(step, self.alert.name, expected)

    def _value(self, step: int, name: str, labels: Labels, value: float | None) -> Case:
        samples = [] if value is None else [{"labels": selector("", labels.items()), "value": round(value * 1e9)}]
        return self.desk.value(step, f"round({name} * 1e9)", samples)

    def _series(self, metric: str, labels: Labels, counters: list[tuple[Counter, Counter]]) -> Iterator[Case]:
        for aside, (milliseconds, counts) in zip("ab", counters, strict=True):
            where = (*labels.items(), (ASIDE, aside))
            yield series(f"{metric}_sum", where, " ".join(f"{value / 1000:g}" for value in milliseconds))
            yield series(f"{metric}_count", where, " ".join(map(str, counts)))

    def _mean(self, counters: list[tuple[Counter, Counter]], step: int) -> float | None:
        window, interval = Fraction(300), Fraction(str(self.desk.step))

        def grown(counter: Counter) -> Fraction:
            return increase(counter, step, window, interval) or Fraction(0)

        counts = sum((grown(count) for _, count in counters), Fraction(0))
        milliseconds = sum((grown(total) for total, _ in counters), Fraction(0))
        return float(milliseconds / counts / 1000) if counts else None

    def _total(
        self, handover: list[tuple[Counter, Counter]], send: list[tuple[Counter, Counter]], step: int
    ) -> float | None:
        handed, sent = self._mean(handover, step), self._mean(send, step)
        if handed is None or sent is None:
            return None
        return sent + handed + EVALUATION[0] / 1000 + self.plan.timing.group_wait


def _counter(*phases: tuple[int, int]) -> Counter:
    """A counter from 0 that grows by so much for so many steps."""
    values = [0]
    for steps, increment in phases:
        values += [values[-1] + increment * (step + 1) for step in range(steps)]
    return values
