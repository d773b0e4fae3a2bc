"""Faults that a demonstration or a test switches on in a running extractor, one at a time."""

from __future__ import annotations

import enum
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

CRASH_EXIT_CODE: Final = 70
"""What a crashed process leaves behind: a failure that no clean stop produces."""


class Mode(enum.StrEnum):
    """What goes wrong."""

    NONE = "none"
    SLOW = "slow"
    """The read of market data in front of every extraction, cached or not, takes long."""
    COLD_CACHE = "cold_cache"
    """The cache forgets everything at each look-up."""
    FALLBACK = "fallback"
    """The cache is passed over and the main extractor fails, so the fallback serves."""
    FAILING = "failing"
    """The cache is passed over and both extractors fail."""
    CRASH = "crash"
    """The process ends at once and answers nothing."""


class InjectedFaultError(Exception):
    """An extractor failed because it was told to."""


class FaultError(ValueError):
    """A fault that cannot be; the message names the field and what it takes."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A mode, and how hard and how long it strikes."""

    mode: Mode = Mode.NONE
    seconds: tuple[float, float] = (0.16, 0.18)
    """Least and most that a slow read takes; each read draws its own, uniformly."""
    share: float = 1.0
    """The share of extractions that it strikes, above 0 and at most 1. It counts, it does not throw dice."""
    for_seconds: float | None = None
    """When it ends by itself. A demonstration that dies must not leave its fault behind."""

    def __post_init__(self) -> None:
        least, most = self.seconds
        if not 0.0 <= least <= most <= 60.0:
            raise FaultError(f"seconds is [{least}, {most}]; it takes [least, most] between 0 and 60")
        if not 0.0 < self.share <= 1.0:
            raise FaultError(f"share is {self.share}; it takes a number above 0 and at most 1")
        if self.for_seconds is not None and not 0.0 < self.for_seconds <= 86_400.0:
            raise FaultError(f"for_seconds is {self.for_seconds}; it takes a number above 0 and at most 86400")


class Draw(Protocol):
    """Draws a number uniformly between two others."""

    def __call__(self, a: float, b: float, /) -> float: ...


@dataclass(frozen=True, slots=True)
class Strike:
    """What a fault does to one extraction."""

    delay_seconds: float = 0.0
    forget_cache: bool = False
    pass_over_cache: bool = False
    main_fails: bool = False
    fallback_fails: bool = False


HARMLESS: Final = Strike()


class Faults:
    """The fault that is on, and its effect on each extraction in turn. For the event loop's thread only."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        draw: Draw = random.uniform,
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        """`leave` ends the process without any clean-up; it does not return unless a test replaced it."""
        self._clock = clock
        self._draw = draw
        self._leave = leave
        self._fault = Fault()
        self._since = clock()
        self._asked = 0

    @property
    def current(self) -> Fault:
        """The fault that is on; `Mode.NONE` when none is, or when its time is over."""
        lasts = self._fault.for_seconds
        if lasts is not None and self._clock() - self._since >= lasts:
            self._fault = Fault()
        return self._fault

    def set(self, fault: Fault) -> None:
        """Puts `fault` in the place of the one that is on. A crash is at once."""
        self._fault, self._since, self._asked = fault, self._clock(), 0
        if fault.mode is Mode.CRASH:
            self._leave(CRASH_EXIT_CODE)

    def strike(self) -> Strike:
        """What happens to the next extraction."""
        fault = self.current
        if fault.mode is Mode.NONE:
            return HARMLESS
        self._asked += 1
        # The n-th extraction is struck when the whole part of n * share rises: over n of them exactly n * share,
        # evenly spread. The small term keeps 100 * 0.03 from being 2.9999….
        if int(self._asked * fault.share + 1e-9) == int((self._asked - 1) * fault.share + 1e-9):
            return HARMLESS
        match fault.mode:
            case Mode.SLOW:
                return Strike(delay_seconds=self._draw(*fault.seconds))
            case Mode.COLD_CACHE:
                return Strike(forget_cache=True)
            case Mode.FALLBACK:
                return Strike(pass_over_cache=True, main_fails=True)
            case Mode.FAILING:
                return Strike(pass_over_cache=True, main_fails=True, fallback_fails=True)
            case _:
                return HARMLESS
