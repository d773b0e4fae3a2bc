"""All GPUs of this machine, as a source of a registry: `registry.collect_from(Gpus())`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from featurewatch import names
from featurewatch.gpu import families
from featurewatch.gpu.device import Device, Errors, Gone, process_name
from featurewatch.measure.family import Family, Series
from featurewatch.measure.labels import Labels
from featurewatch.measure.missing import needed
from featurewatch.measure.polled import PATIENCE, Polled, Reading

AGAIN: Final = 30.0
"""Seconds between two attempts to find a lost GPU again: starting NVML anew takes its time, for all GPUs."""


@dataclass(slots=True)
class Known:
    """A GPU that was seen once, and is missed from then on when it does not answer."""

    labels: Labels
    product: str
    failures: dict[str, int]


class Gpus:
    """Reads every GPU at each scrape. Nothing that NVML does raises here or hangs a scrape for longer than `patience`.

    Without a driver, `featurewatch_gpu_driver_up` is 0 and `featurewatch_gpu_driver_problem` says why. A GPU that falls
    off the bus has `featurewatch_gpu_up` 0 and nothing else, and the others go on; NVML is started anew every half
    minute, until it is back. (A driver that was exchanged under a running process, LIB_RM_VERSION_MISMATCH, is reported
    too, but only a restart of the process loads the library that fits.)

    Args:
        nvml: the module `pynvml`, or what behaves like it. ImportError says what to install when it is missing.
        named: the name of a process by its id.
        patience: seconds that a scrape waits for the driver.
        clock: monotonic, in seconds.
    """

    def __init__(
        self,
        nvml: Any = None,
        *,
        named: Callable[[int], str] = process_name,
        patience: float = PATIENCE,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._nvml = needed("pynvml", "Gpus", "gpu") if nvml is None else nvml
        self._errors = Errors(self._nvml)
        self._named = named
        self._clock = clock
        self._running = False
        self._restart_at: float | None = None
        self._known: dict[str, Known] = {}
        self._polled = Polled("gpu", self._poll, self._down, patience)

    def families(self, labels: Labels) -> list[tuple[Family, tuple[Series, ...]]]:
        return self._polled.families(labels)

    def _poll(self) -> list[Reading]:
        if self._restart_at is not None and self._clock() >= self._restart_at:
            self._stop()
        try:
            if not self._running:
                self._nvml.nvmlInit()
                self._running, self._restart_at = True, None
            count = self._nvml.nvmlDeviceGetCount()
        except self._nvml.NVMLError as error:
            self._stop()
            return list(self._down(self._errors.name(error)))
        readings = [Reading(families.DRIVER_UP, (), 1)]
        seen: set[str] = set()
        for index in range(count):
            readings += self._gpu(index, seen)
        return [*readings, *self._missing(seen), *self._failures()]

    def _gpu(self, index: int, seen: set[str]) -> list[Reading]:
        """One GPU; it is in `seen` if it answered to the end."""
        try:
            handle = self._nvml.nvmlDeviceGetHandleByIndex(index)
            uuid = self._nvml.nvmlDeviceGetUUID(handle)
            known = self._known.get(uuid) or self._new(index, uuid, handle)
            device = Device(
                self._nvml,
                handle,
                known.labels,
                errors=self._errors,
                failed=lambda name: known.failures.update({name: known.failures.get(name, 0) + 1}),
                named=self._named,
            )
            readings = list(device.read())
        except (self._nvml.NVMLError, Gone):
            # Whichever it was: what was seen before is missed now, and reported so.
            self._look_again()
            return []
        seen.add(uuid)
        info = (*known.labels, (names.PRODUCT, known.product), (names.DRIVER, self._driver()))
        return [Reading(families.UP, known.labels, 1), Reading(families.INFO, info, 1), *readings]

    def _new(self, index: int, uuid: str, handle: Any) -> Known:
        # The index may change when NVML starts anew without a lost GPU: the first one seen is kept.
        labels = ((names.GPU, str(index)), (names.UUID, uuid))
        known = self._known[uuid] = Known(labels, self._nvml.nvmlDeviceGetName(handle), {})
        return known

    def _driver(self) -> str:
        with contextlib.suppress(self._nvml.NVMLError):
            return str(self._nvml.nvmlSystemGetDriverVersion())
        return "unknown"

    def _missing(self, seen: set[str]) -> Iterator[Reading]:
        missing = [known for uuid, known in self._known.items() if uuid not in seen]
        if missing:
            self._look_again()
        for known in missing:
            yield Reading(families.UP, known.labels, 0)

    def _failures(self) -> Iterator[Reading]:
        for known in self._known.values():
            for name, count in known.failures.items():
                yield Reading(families.READ_FAILURES, (*known.labels, (names.REASON, name.lower())), count)

    def _down(self, problem: str) -> Iterable[Reading]:
        yield Reading(families.DRIVER_UP, (), 0)
        yield Reading(families.DRIVER_PROBLEM, ((names.REASON, problem.lower()),), 1)
        for known in tuple(self._known.values()):
            yield Reading(families.UP, known.labels, 0)

    def _look_again(self) -> None:
        if self._restart_at is None:
            self._restart_at = self._clock() + AGAIN

    def _stop(self) -> None:
        if self._running:
            with contextlib.suppress(self._nvml.NVMLError):
                self._nvml.nvmlShutdown()
        self._running, self._restart_at = False, None
