"""GPUs by the real pynvml over a made-up library: several, partitioned, sick, lost, back, or none at all."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path
from typing import Any

import pynvml
import pytest
from tests.exposed import exposed, parsed_openmetrics, value
from tests.fake_nvml import GIB, FakeNvml, Gpu

from featurewatch import ExtractionMonitor, Registry, names
from featurewatch.gpu.device import MOST_PROCESS_NAMES
from featurewatch.gpu.gpus import AGAIN, Gpus
from featurewatch.measure.scrape import Scrapes

A, B = "GPU-aaaa", "GPU-bbbb"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def watched(nvml: FakeNvml, patch: pytest.MonkeyPatch, **options: Any) -> Registry:
    registry = Registry()
    registry.collect_from(Gpus(nvml.install(patch), **options))
    return registry


def exists(registry: Registry, name: str, **labels: str) -> bool:
    return any(
        sample == name and labels.items() <= dict(pairs).items() for (sample, pairs), _ in exposed(registry).items()
    )


def test_every_gpu_shows_what_it_has_in_base_units(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = watched(FakeNvml(Gpu(A), Gpu(B, utilisation=(5, 2))), monkeypatch)
    expected = {
        names.GPU_UTILISATION: 0.87,
        names.GPU_MEMORY_BUSY: 0.4,
        names.GPU_MEMORY_USED: 96 * GIB,
        names.GPU_MEMORY_TOTAL: 141 * GIB,
        names.GPU_TEMPERATURE: 61,
        names.GPU_POWER: 412.5,
        names.GPU_POWER_LIMIT: 700,
        names.GPU_ENERGY: 9000.5,
        names.GPU_UP: 1,
        names.GPU_PROCESSES: 0,
    }
    for name, number in expected.items():
        assert value(registry, name, gpu="0", uuid=A) == pytest.approx(number), name
    assert value(registry, names.GPU_UTILISATION, uuid=B) == 0.05
    assert value(registry, names.GPU_CLOCK, uuid=A, clock="memory") == 3.201e9
    assert value(registry, names.GPU_INFO, uuid=A, product="NVIDIA H200", driver="570.86.15") == 1
    assert value(registry, names.GPU_ECC_ERRORS, uuid=A, kind="corrected") == 3
    assert value(registry, names.GPU_ECC_ERRORS, uuid=A, kind="uncorrected") == 1
    assert value(registry, names.GPU_DRIVER_UP) == 1


def test_the_reasons_for_slower_clocks_are_told_apart_and_idling_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = Gpu(A)
    registry = watched(FakeNvml(gpu), monkeypatch)
    gpu.values["nvmlDeviceGetCurrentClocksEventReasons"] = 0x1 | 0x4 | 0x40
    held = {
        dict(pairs)["reason"]
        for (name, pairs), number in exposed(registry).items()
        if name == names.GPU_THROTTLED and number
    }
    assert held == {"power_cap", "hardware_thermal"}


def test_what_a_model_does_not_have_is_left_out_and_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = Gpu(A, utilisation=None, ecc=None)
    del gpu.values["nvmlDeviceGetTotalEnergyConsumption"]
    registry = watched(FakeNvml(gpu), monkeypatch)
    for name in (names.GPU_UTILISATION, names.GPU_ECC_ERRORS, names.GPU_ENERGY, names.GPU_MIG):
        assert not exists(registry, name)
    assert value(registry, names.GPU_UP, uuid=A) == 1
    assert not exists(registry, names.GPU_READ_FAILURES)


def test_a_value_that_cannot_be_read_is_counted_and_the_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = Gpu(A, fails={"nvmlDeviceGetPowerUsage": pynvml.NVML_ERROR_UNKNOWN})
    registry = watched(FakeNvml(gpu), monkeypatch)
    for count in (1, 2):
        assert value(registry, names.GPU_READ_FAILURES, uuid=A, reason="unknown") == count
    assert value(registry, names.GPU_TEMPERATURE, uuid=A) == 61
    assert not exists(registry, names.GPU_POWER)


def test_memory_is_told_by_name_of_process_with_a_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    processes = ((1, 5 * GIB), (2, 3 * GIB), *((100 + n, GIB) for n in range(30)))
    gpu = Gpu(A, processes=processes)
    registry = watched(FakeNvml(gpu), monkeypatch, named=lambda pid: "trainer" if pid in (1, 2) else f"process-{pid}")
    assert value(registry, names.GPU_PROCESSES, uuid=A) == 32
    assert value(registry, names.GPU_PROCESS_MEMORY, process="trainer") == 8 * GIB
    assert value(registry, names.GPU_PROCESS_MEMORY, process="other") == (30 - MOST_PROCESS_NAMES + 1) * GIB


def test_each_mig_instance_shows_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = Gpu(A, utilisation=None, mig=((70 * GIB, 9 * GIB), None, (17 * GIB, GIB)))
    registry = watched(FakeNvml(gpu, Gpu(B, mig=())), monkeypatch)
    assert value(registry, names.GPU_MIG, uuid=A) == 1
    assert value(registry, names.GPU_MIG, uuid=B) == 0
    assert value(registry, names.GPU_MIG_MEMORY_TOTAL, uuid=A, mig="0") == 70 * GIB
    assert value(registry, names.GPU_MIG_MEMORY_USED, uuid=A, mig="2") == GIB
    assert not exists(registry, names.GPU_MIG_MEMORY_USED, mig="1")
    assert not exists(registry, names.GPU_MIG_MEMORY_USED, uuid=B)


def test_a_gpu_that_falls_off_the_bus_is_down_the_other_goes_on_and_it_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    first, second = Gpu(A), Gpu(B)
    nvml = FakeNvml(first, second)
    registry = watched(nvml, monkeypatch, clock=clock)
    assert value(registry, names.GPU_UP, uuid=A) == 1
    first.lost = True
    for _ in range(3):
        assert value(registry, names.GPU_UP, uuid=A, gpu="0") == 0
        assert value(registry, names.GPU_UP, uuid=B, gpu="1") == 1
        assert value(registry, names.GPU_DRIVER_UP) == 1
        assert not exists(registry, names.GPU_TEMPERATURE, uuid=A)
        assert exists(registry, names.GPU_TEMPERATURE, uuid=B)
    assert nvml.starts == 1
    # Started anew, NVML does not count the lost one any more, and the other one becomes number 0.
    nvml.reseated = [second]
    clock.now += AGAIN
    assert value(registry, names.GPU_UP, uuid=A, gpu="0") == 0
    assert value(registry, names.GPU_UP, uuid=B, gpu="1") == 1
    first.lost = False
    nvml.reseated = [first, second]
    clock.now += AGAIN
    assert value(registry, names.GPU_UP, uuid=A, gpu="0") == 1
    assert value(registry, names.GPU_TEMPERATURE, uuid=A) == 61
    assert nvml.initialised == 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, "driver_not_loaded"),
        (pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH, "lib_rm_version_mismatch"),
        (pynvml.NVML_ERROR_NO_PERMISSION, "no_permission"),
    ],
)
def test_a_driver_that_is_not_there_is_told_with_its_reason_and_found_when_it_comes(
    monkeypatch: pytest.MonkeyPatch, code: int, reason: str
) -> None:
    nvml = FakeNvml(Gpu(A))
    nvml.init = code
    registry = watched(nvml, monkeypatch)
    assert value(registry, names.GPU_DRIVER_UP) == 0
    assert value(registry, names.GPU_DRIVER_PROBLEM, reason=reason) == 1
    nvml.init = pynvml.NVML_SUCCESS
    assert value(registry, names.GPU_DRIVER_UP) == 1
    assert not exists(registry, names.GPU_DRIVER_PROBLEM)
    assert value(registry, names.GPU_UP, uuid=A) == 1


def test_a_driver_that_goes_away_takes_its_gpus_down_and_brings_them_back(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = FakeNvml(Gpu(A))
    registry = watched(nvml, monkeypatch)
    assert value(registry, names.GPU_UP, uuid=A) == 1
    nvml.init = pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH
    assert value(registry, names.GPU_DRIVER_UP) == 0
    assert value(registry, names.GPU_UP, uuid=A) == 0
    nvml.init = pynvml.NVML_SUCCESS
    assert value(registry, names.GPU_UP, uuid=A) == 1


def test_a_driver_that_hangs_does_not_hang_the_scrape_nor_pile_up_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = FakeNvml(Gpu(A))
    registry = watched(nvml, monkeypatch, patience=0.2)
    monitor = ExtractionMonitor("technical", service="market", registry=registry)
    assert value(registry, names.GPU_UP, uuid=A) == 1
    nvml.hold.clear()
    try:
        monitor.record(0.1)
        for _ in range(3):
            assert value(registry, names.GPU_DRIVER_PROBLEM, reason="timeout") == 1
        assert value(registry, names.GPU_UP, uuid=A) == 0
        assert value(registry, names.EXTRACTION_DURATION + "_count", served_from="compute") == 1
    finally:
        nvml.hold.set()
    end = time.monotonic() + 20
    while value(registry, names.GPU_DRIVER_UP) == 0:
        assert time.monotonic() < end
    assert value(registry, names.GPU_UP, uuid=A) == 1


def test_functions_that_an_older_driver_lacks_are_replaced_or_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = FakeNvml(Gpu(A))
    module = nvml.install(monkeypatch)

    def missing(*_: object) -> int:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)

    monkeypatch.setattr(module, "nvmlDeviceGetCurrentClocksEventReasons", missing)
    monkeypatch.setattr(module, "nvmlDeviceGetCurrentClocksThrottleReasons", lambda _: 0x8)
    registry = Registry()
    registry.collect_from(Gpus(module))
    assert value(registry, names.GPU_THROTTLED, uuid=A, reason="hardware_slowdown") == 1


def test_all_three_formats_carry_the_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = watched(FakeNvml(Gpu(A)), monkeypatch)
    assert parsed_openmetrics(registry)[names.GPU_ENERGY.removesuffix("_total")] == "counter"
    accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
    assert names.GPU_UTILISATION.encode() in Scrapes(registry).answer("GET", accept).body


def test_labels_of_the_registry_stand_on_what_is_polled_too(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry(labels={"rack": "r7"})
    registry.collect_from(Gpus(FakeNvml(Gpu(A)).install(monkeypatch)))
    assert value(registry, names.GPU_UP, uuid=A, rack="r7") == 1


def test_the_real_library_where_there_is_one_and_its_absence_where_not() -> None:
    registry = Registry()
    registry.collect_from(Gpus(patience=30))
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        assert value(registry, names.GPU_DRIVER_PROBLEM, reason="library_not_found") == 1
        return
    up = value(registry, names.GPU_DRIVER_UP)
    assert up == 1 or not Path("/dev/nvidiactl").exists()


def test_without_pynvml_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pynvml", None)
    with pytest.raises(ImportError, match=r"featurewatch\[gpu\]"):
        Gpus()
