# ruff: noqa: N802 - methods are named as the C functions they stand for
"""libnvidia-ml as the real `pynvml` calls it: functions that take ctypes arguments and return NVML's codes.

Only the C library is made up. What the wrapper does with codes, structures and missing functions is its own.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pynvml
import pytest

GIB = 2**30
FIRST_HANDLE, MIG_HANDLES = 0x1000, 0x9000


@dataclass
class Gpu:
    uuid: str
    name: str = "NVIDIA H200"
    values: dict[str, int] = field(
        default_factory=lambda: {
            "nvmlDeviceGetTemperature": 61,
            "nvmlDeviceGetPowerUsage": 412_500,
            "nvmlDeviceGetEnforcedPowerLimit": 700_000,
            "nvmlDeviceGetTotalEnergyConsumption": 9_000_500,
            "nvmlDeviceGetCurrentClocksEventReasons": 0x4 | 0x20,
        }
    )
    """What functions with one number say; a function that is missing here answers NOT_SUPPORTED."""
    clocks: tuple[int, ...] = (1980, 1980, 3201, 1545)
    utilisation: tuple[int, int] | None = (87, 40)
    memory: tuple[int, int] = (141 * GIB, 96 * GIB)
    ecc: tuple[int, int] | None = (3, 1)
    processes: tuple[tuple[int, int], ...] = ()
    mig: tuple[tuple[int, int] | None, ...] | None = None
    """Total and used memory of each instance; None where a place is free; None for a GPU that knows no MIG."""
    fails: dict[str, int] = field(default_factory=dict)
    """Functions that answer with another code."""
    lost: bool = False


class FakeNvml:
    """One machine's library and driver. `init` is the code that `nvmlInit` answers."""

    def __init__(self, *gpus: Gpu) -> None:
        self.gpus = list(gpus)
        self.init = pynvml.NVML_SUCCESS
        self.initialised = 0
        self.starts = 0
        self.reseated: list[Gpu] | None = None
        """The GPUs that NVML finds when it is started anew: a lost one is not among them, or is back."""
        self.hold = threading.Event()
        self.hold.set()

    def install(self, patch: pytest.MonkeyPatch) -> Any:
        """The module `pynvml`, on top of this library."""
        patch.setattr(pynvml, "nvmlLib", self)
        patch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
        return pynvml

    def __getattr__(self, name: str) -> Callable[..., int]:
        if not name.startswith("nvml"):
            raise AttributeError(name)
        known = type(self).__dict__.get(f"_{name}")
        if known is None and name not in Gpu("").values:
            raise AttributeError(name)  # as ctypes says that a library has no such function

        def call(*arguments: Any) -> int:
            self.hold.wait(60)
            if name.startswith("nvmlInit"):
                return int(known(self, *arguments))  # type: ignore[misc]
            if not self.initialised:
                return int(pynvml.NVML_ERROR_UNINITIALIZED)
            if name in ("nvmlShutdown", "nvmlDeviceGetCount_v2", "nvmlDeviceGetHandleByIndex_v2") or "System" in name:
                return int(known(self, *arguments))  # type: ignore[misc]
            gpu, instance = self._of(arguments[0])
            if gpu.lost:
                return int(pynvml.NVML_ERROR_GPU_IS_LOST)
            if name in gpu.fails:
                return gpu.fails[name]
            if known is not None:
                return int(known(self, gpu, instance, *arguments[1:]))
            if name not in gpu.values:
                return int(pynvml.NVML_ERROR_NOT_SUPPORTED)
            arguments[-1]._obj.value = gpu.values[name]
            return int(pynvml.NVML_SUCCESS)

        return call

    def _of(self, handle: Any) -> tuple[Gpu, int | None]:
        number = ctypes.cast(handle, ctypes.c_void_p).value or 0
        if number >= MIG_HANDLES:
            place, index = divmod(number - MIG_HANDLES, 16)
            return self.gpus[index], place
        return self.gpus[number - FIRST_HANDLE], None

    # --- the library ------------------------------------------------------------------------------------------
    def _nvmlInitWithFlags(self, _: Any) -> int:
        self.starts += 1
        if self.init == pynvml.NVML_SUCCESS:
            self.initialised += 1
            if self.reseated is not None:
                self.gpus, self.reseated = self.reseated, None
        return int(self.init)

    def _nvmlShutdown(self) -> int:
        self.initialised -= 1
        return int(pynvml.NVML_SUCCESS)

    def _nvmlSystemGetDriverVersion(self, buffer: Any, _: Any) -> int:
        buffer.value = b"570.86.15"
        return int(pynvml.NVML_SUCCESS)

    def _nvmlDeviceGetCount_v2(self, count: Any) -> int:
        if self.init != pynvml.NVML_SUCCESS:
            return int(self.init)
        count._obj.value = len(self.gpus)
        return int(pynvml.NVML_SUCCESS)

    def _nvmlDeviceGetHandleByIndex_v2(self, index: Any, device: Any) -> int:
        if self.gpus[index.value].lost:
            return int(pynvml.NVML_ERROR_GPU_IS_LOST)
        _point(device, FIRST_HANDLE + index.value)
        return int(pynvml.NVML_SUCCESS)

    # --- one GPU ----------------------------------------------------------------------------------------------
    def _nvmlDeviceGetUUID(self, gpu: Gpu, _: Any, buffer: Any, __: Any) -> int:
        buffer.value = gpu.uuid.encode()
        return int(pynvml.NVML_SUCCESS)

    def _nvmlDeviceGetName(self, gpu: Gpu, _: Any, buffer: Any, __: Any) -> int:
        buffer.value = gpu.name.encode()
        return int(pynvml.NVML_SUCCESS)

    def _nvmlDeviceGetUtilizationRates(self, gpu: Gpu, _: Any, rates: Any) -> int:
        if gpu.utilisation is None:
            return int(pynvml.NVML_ERROR_NOT_SUPPORTED)
        rates._obj.gpu, rates._obj.memory = gpu.utilisation
        return int(pynvml.NVML_SUCCESS)

    def _nvmlDeviceGetMemoryInfo(self, gpu: Gpu, instance: int | None, memory: Any) -> int:
        total, used = gpu.memory if instance is None else (gpu.mig or ())[instance] or (0, 0)
        memory._obj.total, memory._obj.used, memory._obj.free = total, used, total - used
        return int(pynvml.NVML_SUCCESS)

    def _nvmlDeviceGetClockInfo(self, gpu: Gpu, _: Any, kind: Any, clock: Any) -> int:
        clock._obj.value = gpu.clocks[kind.value]
        return int(pynvml.NVML_SUCCESS)

    def _nvmlDeviceGetTotalEccErrors(self, gpu: Gpu, _: Any, kind: Any, __: Any, count: Any) -> int:
        if gpu.ecc is None:
            return int(pynvml.NVML_ERROR_NOT_SUPPORTED)
        count._obj.value = gpu.ecc[kind.value]
        return int(pynvml.NVML_SUCCESS)

    def _nvmlDeviceGetComputeRunningProcesses_v3(self, gpu: Gpu, _: Any, count: Any, found: Any) -> int:
        if not gpu.processes:
            return int(pynvml.NVML_SUCCESS)
        if count._obj.value < len(gpu.processes):
            count._obj.value = len(gpu.processes)
            return int(pynvml.NVML_ERROR_INSUFFICIENT_SIZE)
        count._obj.value = len(gpu.processes)
        for place, (pid, used) in enumerate(gpu.processes):
            found[place].pid, found[place].usedGpuMemory = pid, used
        return int(pynvml.NVML_SUCCESS)

    def _nvmlDeviceGetGraphicsRunningProcesses_v3(self, gpu: Gpu, _: Any, count: Any, __: Any) -> int:
        return int(pynvml.NVML_SUCCESS)

    def _nvmlDeviceGetMigMode(self, gpu: Gpu, _: Any, current: Any, pending: Any) -> int:
        if gpu.mig is None:
            return int(pynvml.NVML_ERROR_NOT_SUPPORTED)
        current._obj.value = pending._obj.value = int(bool(gpu.mig))
        return int(pynvml.NVML_SUCCESS)

    def _nvmlDeviceGetMaxMigDeviceCount(self, gpu: Gpu, _: Any, count: Any) -> int:
        count._obj.value = len(gpu.mig or ())
        return int(pynvml.NVML_SUCCESS)

    def _nvmlDeviceGetMigDeviceHandleByIndex(self, gpu: Gpu, _: Any, index: Any, device: Any) -> int:
        if (gpu.mig or ())[index.value] is None:
            return int(pynvml.NVML_ERROR_NOT_FOUND)
        _point(device, MIG_HANDLES + 16 * index.value + self.gpus.index(gpu))
        return int(pynvml.NVML_SUCCESS)


def _point(device: Any, number: int) -> None:
    ctypes.cast(device, ctypes.POINTER(ctypes.c_void_p))[0] = ctypes.c_void_p(number)
