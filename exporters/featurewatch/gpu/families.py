"""The metrics of GPUs."""

from __future__ import annotations

from typing import Final

from featurewatch import names
from featurewatch.measure.family import Family

DRIVER_UP: Final = Family(names.GPU_DRIVER_UP, "gauge", "Whether NVML and the driver answer.", merge="max")
DRIVER_PROBLEM: Final = Family(names.GPU_DRIVER_PROBLEM, "gauge", "Why they do not; 1 while it lasts.", merge="max")
UP: Final = Family(names.GPU_UP, "gauge", "Whether the GPU answers.", merge="max")
INFO: Final = Family(names.GPU_INFO, "gauge", "Name and driver of the GPU, as labels; always 1.", merge="max")
READ_FAILURES: Final = Family(
    names.GPU_READ_FAILURES, "counter", "Values that a GPU has and could not be read, by NVML's error."
)
UTILISATION: Final = Family(
    names.GPU_UTILISATION, "gauge", "Share of the last sampling period in which a kernel ran.", merge="max"
)
MEMORY_BUSY: Final = Family(
    names.GPU_MEMORY_BUSY, "gauge", "Share of that period in which device memory was read or written.", merge="max"
)
MEMORY_USED: Final = Family(names.GPU_MEMORY_USED, "gauge", "Device memory in use.", merge="max")
MEMORY_TOTAL: Final = Family(names.GPU_MEMORY_TOTAL, "gauge", "Device memory there is.", merge="max")
TEMPERATURE: Final = Family(names.GPU_TEMPERATURE, "gauge", "Temperature of the chip.", merge="max")
POWER: Final = Family(names.GPU_POWER, "gauge", "Power drawn.", merge="max")
POWER_LIMIT: Final = Family(names.GPU_POWER_LIMIT, "gauge", "Power at which the GPU slows itself down.", merge="max")
ENERGY: Final = Family(names.GPU_ENERGY, "counter", "Energy used since the driver was loaded.")
CLOCK: Final = Family(names.GPU_CLOCK, "gauge", "Current clock.", merge="max")
THROTTLED: Final = Family(names.GPU_THROTTLED, "gauge", "Whether the clocks are held down, by reason.", merge="max")
ECC_ERRORS: Final = Family(
    names.GPU_ECC_ERRORS, "counter", "Memory errors in the GPU's life that ECC corrected, or could not."
)
PROCESSES: Final = Family(names.GPU_PROCESSES, "gauge", "Processes that use the GPU.", merge="max")
PROCESS_MEMORY: Final = Family(
    names.GPU_PROCESS_MEMORY, "gauge", "Device memory used, by name of the process.", merge="max"
)
MIG: Final = Family(names.GPU_MIG, "gauge", "Whether the GPU is partitioned (MIG).", merge="max")
MIG_MEMORY_USED: Final = Family(names.GPU_MIG_MEMORY_USED, "gauge", "Memory in use of one MIG instance.", merge="max")
MIG_MEMORY_TOTAL: Final = Family(names.GPU_MIG_MEMORY_TOTAL, "gauge", "Memory of one MIG instance.", merge="max")
