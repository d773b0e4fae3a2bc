"""Tests of escalation levels and of the clock that they read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from featurewatch import names
from featurewatch.objectives.handling import Level
from featurewatch.rules import expected
from featurewatch.rules.cases import ANOTHER, Case, Desk, series
from featurewatch.rules.escalation import AGE, ORIGINAL, REMEMBERED, STARTED, Escalation
from featurewatch.rules.escalation import name as level_name
from featurewatch.rules.expressions import selector
from featurewatch.rules.model import Alert
from featurewatch.rules.watched_cases import UNKNOWN, alert_labels, alerts_series

STEP = REMEMBERED / 2
"""Seconds between evaluations: acknowledgements are remembered for two of them."""

DUE = 4
"""The step at which a level is due where a test sets the clock."""


@dataclass(frozen=True, slots=True)
class LevelCases:
    """All cases of one level of one escalation."""

    desk: Desk
    escalation: Escalation
    level: Level
    rule: Alert
    original: Alert
    """One of the alerts that escalate."""
    calm: tuple[Case, ...]
    """What keeps alerts about absence silent, which escalate as well."""

    def all(self) -> Iterator[Case]:
        yield self._without_the_responder()
        yield self._to_the_second()
        yield self._acknowledged()
        yield self._responder_gone()
        yield self._goes_on()
        yield self._longest()

    def _without_the_responder(self) -> Case:
        due = math.ceil(self.level.after / STEP)
        return self._case(
            "without a responder counts from the first firing evaluation, ends with the alert",
            [
                self._alerts(f"1x{due + 1} _ _"),
                # None of these is the alert: it is pending, or of another service, name or severity.
                self._alerts(f"1x{due + 3}", state="pending", extractor="pending"),
                self._alerts(f"1x{due + 3}", service=ANOTHER),
                alerts_series(self.desk, self._called("SomethingElse"), f"1x{due + 3}"),
                alerts_series(self.desk, self._with(names.SEVERITY, "low"), f"1x{due + 3}"),
            ],
            [
                self._look(due - 1, None),
                self._look(due, due * STEP),
                self._look(due + 1, (due + 1) * STEP),
                self._look(due + 2, None),
            ],
        )

    def _to_the_second(self) -> Case:
        began = DUE * STEP - self.level.after
        return self._case(
            "counts from the true start that the responder knows, to the second",
            [
                self._alerts(f"1x{DUE + 1}"),
                self._alerts(f"1x{DUE + 1}", extractor="a-second-later"),
                self._known(began),
                self._known(began + 1, extractor="a-second-later"),
                self._alerts(f"1x{DUE + 1}", state="pending", extractor="pending"),
                self._known(began, extractor="pending"),
                *self._strangers(began),
            ],
            [self._look(DUE - 1, None), self._look(DUE, self.level.after)],
        )

    def _strangers(self, began: float) -> Iterator[Case]:
        """What fires as long, with a clock of its own: of another service, of another name."""
        always = f"1x{DUE + 1}"
        yield self._alerts(always, service=ANOTHER)
        foreign = alert_labels(self.desk, self.original, UNKNOWN, service=ANOTHER)
        yield series(STARTED, foreign, f"{began:.12g}x{DUE + 1}")
        other = self._called("SomethingElse")
        yield alerts_series(self.desk, other, always)
        yield series(STARTED, alert_labels(self.desk, other, UNKNOWN), f"{began:.12g}x{DUE + 1}")

    def _acknowledged(self) -> Case:
        end = 2 * DUE
        return self._case(
            "silent while acknowledged, fires at once when that is taken back",
            [
                self._alerts(f"1x{end + 2}"),
                self._known(DUE * STEP - self.level.after),
                self._acknowledgement(f"1x{end} 0 0"),
                *self._called_of_others(end),
            ],
            [
                self._look(DUE, None),
                self._look(end, None),
                self._look(end + 1, self.level.after + (end + 1 - DUE) * STEP),
            ],
        )

    def _responder_gone(self) -> Case:
        end = DUE + 1
        others = (
            {"service": ANOTHER},
            {"extractor": "another-extractor"},
            {"alert": self._called("SomethingElse")},
            {"alert": self._with(names.SEVERITY, "low")},
        )
        return self._case(
            "silent over one failed scrape, fires when the responder is dead, acknowledgements of others do not count",
            [
                self._alerts(f"1x{end + 3}"),
                self._known(DUE * STEP - self.level.after),
                self._acknowledgement(f"1x{end} _ _ _"),
                *(self._acknowledgement(f"1x{end + 3}", **other) for other in others),
            ],
            [
                self._look(end + 1, None),
                self._look(end + 2, self.level.after + (end + 2 - DUE) * STEP),
            ],
        )

    def _goes_on(self) -> Case:
        """Who was called hears of the end when the alert ends, not when somebody acknowledges it."""
        before, end = f"_x{DUE + 1}", 2 * DUE
        return self._case(
            "goes on when it is acknowledged after it has called, ends with the alert",
            [
                self._alerts(f"1x{end} _"),
                self._known(DUE * STEP - self.level.after),
                self._acknowledgement(f"{before} 1x{end}"),
                # Known from before a restart, with a label that no acknowledgement has.
                self._alerts(f"1x{end} _", extractor="restarted"),
                self._known(DUE * STEP - self.level.after, extractor="restarted"),
                self._acknowledgement(f"1x{end}", extractor="restarted"),
                self._level_series(self.level.number, f"1x{DUE - 1}", extractor="restarted"),
            ],
            [
                self._look(DUE - 1, None),
                self._look(DUE, self.level.after, "restarted"),
                self._look(DUE + 1, self.level.after + STEP, "restarted"),
                self._look(end, self.level.after + (end - DUE) * STEP, "restarted"),
                self._look(end + 1, None),
            ],
        )

    def _called_of_others(self, steps: int) -> Iterator[Case]:
        """Levels that fire, but are not this one of this alert."""
        always = f"1x{steps}"
        yield self._level_series(self.level.number + 1, always)
        yield self._level_series(self.level.number, always, original="SomethingElse")
        yield self._level_series(self.level.number, always, service=ANOTHER)
        yield self._level_series(self.level.number, always, extractor="another-extractor")
        yield self._level_series(self.level.number, always, severity="low")

    def _level_series(
        self,
        number: int,
        values: str,
        *,
        original: str = "",
        severity: str = "",
        service: str = "",
        extractor: str = "",
    ) -> Case:
        labels = self.rule.labels | ({names.SEVERITY: severity} if severity else {})
        labels |= {names.ESCALATION_LEVEL: str(number), names.ORIGINAL_ALERT: original or self.original.name}
        level = Alert(level_name(number), "", 0.0, labels, {})
        return alerts_series(self.desk, level, values, service=service, extractor=extractor or self.desk.extractor)

    def _longest(self) -> Case:
        """Two of one name, extractor and severity: told once, with the longer time."""
        due = math.ceil(self.level.after / STEP)
        return self._case(
            "tells one alert of several instances once, with the longest time",
            [self._alerts(f"1x{due + 2}"), self._alerts(f"_ 1x{due + 1}", other="later")],
            [self._look(due + 2, (due + 2) * STEP)],
        )

    def _case(self, title: str, inputs: list[Case], looks: list[Case]) -> Case:
        about = f"{self.escalation.policy.name}, {self.escalation.severity}, {self.original.name}"
        return self.desk.case(f"{self.rule.name} ({about}): {title}", [*self.calm, *inputs], looks)

    def _look(self, step: int, age: float | None, *also: str) -> Case:
        """What fires at this step: nothing, or the level of the desk's extractor and of these others."""
        who = () if age is None else (self.desk.extractor, *also)
        firing = [self._firing(age, extractor) for extractor in who if age is not None]
        return self.desk.look(step, level_name(self.level.number), firing)

    def _firing(self, age: float, extractor: str) -> Case:
        labels = {
            names.SERVICE: self.desk.service,
            names.EXTRACTOR: extractor,
            names.ORIGINAL_ALERT: self.original.name,
        }
        shown = {ORIGINAL: self.original.name, AGE: expected.humanize_duration(age)}
        return {
            "exp_labels": {**labels, **self.rule.labels},
            "exp_annotations": expected.filled(self.rule.annotations, labels, age, shown),
        }

    def _called(self, name: str) -> Alert:
        return Alert(name, "", 0.0, self.original.labels, {})

    def _with(self, label: str, value: str) -> Alert:
        return Alert(self.original.name, "", 0.0, {**self.original.labels, label: value}, {})

    def _alerts(self, values: str, **more: str) -> Case:
        return alerts_series(self.desk, self.original, values, **more)

    def _known(self, began: float, extractor: str = "") -> Case:
        who = {"extractor": extractor} if extractor else {}
        labels = _key(self.desk, self.original, **who)
        return series(names.ALERT_STARTED, labels, f"{began:.12g}x{4 * DUE}")

    def _acknowledgement(self, values: str, *, alert: Alert | None = None, **more: str) -> Case:
        return series(names.ACKNOWLEDGED, _key(self.desk, alert or self.original, **more), values)


def clock_case(desk: Desk, original: Alert) -> Case:
    """The recorded start: begins with the firing, goes on while pending after a restart, believes the responder."""
    ends = 9
    foreign = Alert("SomethingElse", "", 0.0, original.labels, {})

    def begun(step: int, value: float | None) -> Case:
        labels = alert_labels(desk, original, UNKNOWN)
        samples = [] if value is None else [{"labels": selector(STARTED, labels), "value": value}]
        return desk.value(step, f'{STARTED}{{outcome="any"}}', samples)

    return desk.case(
        f"{STARTED}: begins with the firing, goes on over a restart, believes the responder",
        [
            # pending, firing, pending again as after a restart of Prometheus, firing, gone, pending
            alerts_series(desk, original, "1 1 _ _ 1 _ _ _ _ _ 1", state="pending"),
            alerts_series(desk, original, "_ _ 1 1 _ 1 1 1 _ _ _"),
            series(names.ALERT_STARTED, _key(desk, original), "_ _ _ _ _ _ 7 7 7 stale _"),
            series(names.ALERT_STARTED, (*_key(desk, original), ("outcome", "b")), "_ _ _ _ _ _ 8 8 stale _ _"),
            *(
                series(names.ALERT_STARTED, labels, f"1x{ends}")
                for labels in (
                    _key(desk, original, service=ANOTHER),
                    _key(desk, original, extractor="another-extractor"),
                    _key(desk, foreign),
                    _key(desk, Alert(original.name, "", 0.0, {**original.labels, names.SEVERITY: "low"}, {})),
                )
            ),
            alerts_series(desk, original, f"1x{ends}", service=ANOTHER, other="foreign"),
            alerts_series(desk, foreign, f"1x{ends}", other="foreign"),
            series(STARTED, alert_labels(desk, original, ("outcome", "foreign"), service=ANOTHER), "5"),
            series(STARTED, alert_labels(desk, foreign, ("outcome", "foreign")), "5"),
        ],
        values=[
            begun(1, None),
            *(begun(step, 2 * desk.step) for step in (2, 3, 4, 5)),
            begun(6, 7.0),
            begun(7, 7.0),
            begun(8, None),
            begun(10, None),
            # What other rules recorded at the beginning is not recorded again by these.
            desk.value(5, f'max(timestamp({STARTED}{{outcome="foreign"}}))', [{"labels": "{}", "value": 0.0}]),
        ],
    )


def _key(desk: Desk, alert: Alert, *, service: str = "", extractor: str = "") -> tuple[tuple[str, str], ...]:
    """The labels by which the responder knows an alert."""
    return (
        (names.ALERTNAME, alert.name),
        (names.SERVICE, service or desk.service),
        (names.EXTRACTOR, extractor or desk.extractor),
        (names.SEVERITY, alert.labels[names.SEVERITY]),
    )
