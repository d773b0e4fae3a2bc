"""What NVML says of one GPU.

A value that a model does not have (`NVML_ERROR_NOT_SUPPORTED` and its like) is left out: zero would be a lie. Any other
error of a single value is counted. An error that says that the whole device is gone ends the reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from featurewatch import names
from featurewatch.gpu import families
from featurewatch.measure.family import Family
from featurewatch.measure.labels import Labels
from featurewatch.measure.polled import Reading

MOST_PROCESS_NAMES: Final = 20
"""Process names per GPU; the memory of all others counts as `other`."""

THROTTLE_REASONS: Final = {
    0x002: "clocks_setting",
    0x004: "power_cap",
    0x008: "hardware_slowdown",
    0x010: "sync_boost",
    0x020: "software_thermal",
    0x040: "hardware_thermal",
    0x080: "power_brake",
    0x100: "display_clock",
}
"""The bits of `nvmlDeviceGetCurrentClocksEventReasons`. Bit 1 says that the GPU idles, which holds nothing down."""

_CLOCKS: Final = {"graphics": 0, "sm": 1, "memory": 2, "video": 3}
_ABSENT: Final = frozenset({"NOT_SUPPORTED", "FUNCTION_NOT_FOUND", "NOT_FOUND", "NO_DATA", "NO_PERMISSION"})
_GONE: Final = frozenset(
    {"GPU_IS_LOST", "RESET_REQUIRED", "UNINITIALIZED", "DRIVER_NOT_LOADED", "LIB_RM_VERSION_MISMATCH"}
)


class Gone(Exception):
    """The device, or the driver with all of them, does not answer any more. The text is NVML's name for it."""


class Errors:
    """NVML's error codes by their names, as its header spells them without `NVML_ERROR_`."""

    def __init__(self, nvml: Any) -> None:
        prefix = "NVML_ERROR_"
        self._names = {code: name.removeprefix(prefix) for name, code in vars(nvml).items() if name.startswith(prefix)}

    def name(self, error: Any) -> str:
        return str(self._names.get(error.value, f"CODE_{error.value}"))


def process_name(pid: int) -> str:
    """The name of a process on this machine; `unknown` when it has ended, or lives in another namespace."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip() or "unknown"
    except OSError:
        return "unknown"


class Device:
    """Reads one GPU. `failed` is told NVML's name for each value that could not be read."""

    def __init__(
        self,
        nvml: Any,
        handle: Any,
        labels: Labels,
        *,
        errors: Errors,
        failed: Callable[[str], None],
        named: Callable[[int], str] = process_name,
    ) -> None:
        self._nvml = nvml
        self._handle = handle
        self._labels = labels
        self._errors = errors
        self._failed = failed
        self._named = named

    def read(self) -> Iterator[Reading]:
        """Everything the device has. Raises Gone."""
        nvml, handle = self._nvml, self._handle
        utilisation = self._ask(nvml.nvmlDeviceGetUtilizationRates, handle)
        if utilisation is not None:
            yield self._one(families.UTILISATION, utilisation.gpu / 100)
            yield self._one(families.MEMORY_BUSY, utilisation.memory / 100)
        memory = self._ask(nvml.nvmlDeviceGetMemoryInfo, handle)
        if memory is not None:
            yield self._one(families.MEMORY_USED, memory.used)
            yield self._one(families.MEMORY_TOTAL, memory.total)
        for family, call, arguments, unit in (
            (families.TEMPERATURE, nvml.nvmlDeviceGetTemperature, (nvml.NVML_TEMPERATURE_GPU,), 1.0),
            (families.POWER, nvml.nvmlDeviceGetPowerUsage, (), 1e-3),
            (families.POWER_LIMIT, nvml.nvmlDeviceGetEnforcedPowerLimit, (), 1e-3),
            (families.ENERGY, nvml.nvmlDeviceGetTotalEnergyConsumption, (), 1e-3),
        ):
            value = self._ask(call, handle, *arguments)
            if value is not None:
                yield self._one(family, value * unit)
        for clock, number in _CLOCKS.items():
            megahertz = self._ask(nvml.nvmlDeviceGetClockInfo, handle, number)
            if megahertz is not None:
                yield self._one(families.CLOCK, megahertz * 1e6, (names.CLOCK, clock))
        reasons = self._ask(nvml.nvmlDeviceGetCurrentClocksEventReasons, handle)
        if reasons is None:  # drivers before 535 know it by its old name
            reasons = self._ask(nvml.nvmlDeviceGetCurrentClocksThrottleReasons, handle)
        if reasons is not None:
            for bit, reason in THROTTLE_REASONS.items():
                yield self._one(families.THROTTLED, int(bool(reasons & bit)), (names.REASON, reason))
        for kind, error_type in (("corrected", 0), ("uncorrected", 1)):
            count = self._ask(nvml.nvmlDeviceGetTotalEccErrors, handle, error_type, nvml.NVML_AGGREGATE_ECC)
            if count is not None:
                yield self._one(families.ECC_ERRORS, count, (names.KIND, kind))
        yield from self._processes()
        yield from self._mig()

    def _processes(self) -> Iterator[Reading]:
        nvml, handle = self._nvml, self._handle
        used: dict[int, int] = {}
        known = False
        for call in (nvml.nvmlDeviceGetComputeRunningProcesses, nvml.nvmlDeviceGetGraphicsRunningProcesses):
            found = self._ask(call, handle)
            known = known or found is not None
            for process in found or ():
                # One that computes and draws is in both lists. In containers memory may be unknown (None).
                used[process.pid] = max(used.get(process.pid, 0), process.usedGpuMemory or 0)
        if not known:
            return
        yield self._one(families.PROCESSES, len(used))
        by_name: dict[str, int] = {}
        for pid, size in sorted(used.items(), key=lambda item: -item[1]):
            name = self._named(pid)
            if name not in by_name and len(by_name) >= MOST_PROCESS_NAMES:
                name = names.OTHER
            by_name[name] = by_name.get(name, 0) + size
        for name, size in by_name.items():
            yield self._one(families.PROCESS_MEMORY, size, (names.PROCESS, name))

    def _mig(self) -> Iterator[Reading]:
        nvml = self._nvml
        mode = self._ask(nvml.nvmlDeviceGetMigMode, self._handle)
        if mode is None:
            return
        yield self._one(families.MIG, int(mode[0]))
        if not mode[0]:
            return
        for place in range(self._ask(nvml.nvmlDeviceGetMaxMigDeviceCount, self._handle) or 0):
            # Places without an instance answer NOT_FOUND.
            instance = self._ask(nvml.nvmlDeviceGetMigDeviceHandleByIndex, self._handle, place)
            memory = self._ask(nvml.nvmlDeviceGetMemoryInfo, instance) if instance is not None else None
            if memory is not None:
                yield self._one(families.MIG_MEMORY_USED, memory.used, (names.MIG, str(place)))
                yield self._one(families.MIG_MEMORY_TOTAL, memory.total, (names.MIG, str(place)))

    def _one(self, family: Family, value: float, *more: tuple[str, str]) -> Reading:
        return Reading(family, (*self._labels, *more), value)

    def _ask(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """What the call returns, or None when the device does not have it or could not say. Raises Gone."""
        try:
            return call(*arguments)
        except self._nvml.NVMLError as error:
            name = self._errors.name(error)
            if name in _GONE:
                raise Gone(name) from error
            if name not in _ABSENT:
                self._failed(name)
            return None
