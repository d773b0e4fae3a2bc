"""Timing several variants fairly: short interleaved rounds, order reversed every other round."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import perf_counter

Call = Callable[[float, str, str | None], object]
Inputs = Sequence[tuple[float, str, str | None]]
Rounds = dict[str, list[float]]
"""What each variant took in each round. Ratios are taken within a round, so that a busy machine slows both sides."""


def interleaved(variants: Mapping[str, Callable[[], float]], rounds: int, divisor: float = 1.0) -> Rounds:
    """What each variant returns, divided, round by round; one unrecorded round goes first to warm up."""
    results: Rounds = {name: [] for name in variants}
    for number in range(rounds + 1):
        order: Iterable[str] = variants if number % 2 else reversed(list(variants))
        for name in order:
            measured = variants[name]()
            if number:
                results[name].append(measured / divisor)
    return results


def nanoseconds_per_call(
    variants: Mapping[str, Call], inputs: Inputs, rounds: int, *, before_each: Callable[[], object]
) -> Rounds:
    """The time of one call of each variant; a round calls it once per input."""
    loops = {name: _loop(call, inputs, before_each) for name, call in variants.items()}
    return interleaved(loops, rounds, len(inputs) / 1e9)


def over(times: Rounds, name: str, bare: str) -> list[float]:
    """What a variant costs more than the bare one, round by round."""
    return [slow - fast for slow, fast in zip(times[name], times[bare], strict=True)]


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def seconds(call: Callable[[], object]) -> Callable[[], float]:
    """A variant that measures one call."""

    def timed() -> float:
        started = perf_counter()
        call()
        return perf_counter() - started

    return timed


def _loop(call: Call, inputs: Inputs, before: Callable[[], object]) -> Callable[[], float]:
    def timed() -> float:
        before()
        started = perf_counter()
        for value, source, error in inputs:
            call(value, source, error)
        return perf_counter() - started

    return timed
