"""When alerts cannot reach anybody, somebody is told by a second path: once, and once that it is over."""

from __future__ import annotations

from dataclasses import dataclass, field

from featurewatch.responder.alarm import AlarmFailed
from featurewatch.responder.deadman import DeadManSwitch
from featurewatch.responder.rounds import watching


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Heard:
    """An alarm that can be broken."""

    said: list[str] = field(default_factory=list)
    broken: bool = False

    def say(self, subject: str, text: str) -> None:
        if self.broken:
            raise AlarmFailed("the relay is away")
        assert text
        self.said.append(subject)


def test_silence_is_said_once_and_its_end_once() -> None:
    clock, alarm = Clock(), Heard()
    switch = DeadManSwitch(60, clock)
    work = watching(switch, [alarm]).work
    for second in range(200):
        clock.now = second
        if second <= 30 or second >= 150:
            switch.heard()
        work()
    assert alarm.said == ["featurewatch: NO ALERT REACHES ANYBODY", "featurewatch: alerts reach people again"]


def test_a_chain_that_never_spoke_is_silent_too() -> None:
    clock, alarm = Clock(), Heard()
    work = watching(DeadManSwitch(60, clock), [alarm]).work
    clock.now = 60
    work()
    assert alarm.said == []
    clock.now = 60.1
    work()
    assert len(alarm.said) == 1


def test_an_alarm_that_reached_nobody_is_raised_again() -> None:
    clock, alarm = Clock(), Heard(broken=True)
    work = watching(DeadManSwitch(60, clock), [alarm]).work
    clock.now = 61
    work()
    alarm.broken = False
    work()
    work()
    assert alarm.said == ["featurewatch: NO ALERT REACHES ANYBODY"]


def test_one_of_two_paths_is_enough_and_both_are_tried() -> None:
    clock, broken, alarm = Clock(), Heard(broken=True), Heard()
    work = watching(DeadManSwitch(60, clock), [broken, alarm]).work
    clock.now = 61
    work()
    work()
    assert len(alarm.said) == 1
