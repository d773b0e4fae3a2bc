"""The metrics of processes and containers."""

from __future__ import annotations

from typing import Final

from featurewatch import names
from featurewatch.measure.family import Family

SERVICE_HOST: Final = Family(names.SERVICE_HOST, "gauge", "A service that runs on this machine; always 1.", merge="max")

UP: Final = Family(names.PROCESS_UP, "gauge", "Whether at least one process of this name runs.", merge="max")
COUNT: Final = Family(names.PROCESS_COUNT, "gauge", "Processes of this name.", merge="max")
CPU: Final = Family(names.PROCESS_CPU, "counter", "Processor time of all that ran while they were watched.")
MEMORY: Final = Family(names.PROCESS_MEMORY, "gauge", "Resident memory (rss), shared parts counted once (pss).")
THREADS: Final = Family(names.PROCESS_THREADS, "gauge", "Threads.")
OPEN_FILES: Final = Family(names.PROCESS_OPEN_FILES, "gauge", "Open file descriptors.")
OPEN_FILES_RATIO: Final = Family(
    names.PROCESS_OPEN_FILES_RATIO, "gauge", "Open file descriptors over the limit, where that is nearest.", merge="max"
)
IO: Final = Family(names.PROCESS_IO, "counter", "Bytes read from and written to storage.")
SWITCHES: Final = Family(names.PROCESS_SWITCHES, "counter", "Context switches, by whether the process asked for them.")
STARTED: Final = Family(names.PROCESS_STARTED, "gauge", "Unix time at which the youngest of them started.", merge="max")

CPU_LIMIT: Final = Family(names.CONTAINER_CPU_LIMIT, "gauge", "Processors that the container may use.", merge="max")
CONTAINER_CPU: Final = Family(names.CONTAINER_CPU, "counter", "Processor time of the container.")
PERIODS: Final = Family(names.CONTAINER_PERIODS, "counter", "Scheduling periods in which the container wanted to run.")
THROTTLED_PERIODS: Final = Family(
    names.CONTAINER_THROTTLED_PERIODS, "counter", "Of these, the periods in which it was stopped by its limit."
)
THROTTLED: Final = Family(names.CONTAINER_THROTTLED, "counter", "Time for which it was stopped by its limit.")
CONTAINER_MEMORY: Final = Family(names.CONTAINER_MEMORY, "gauge", "Memory of the container.", merge="max")
MEMORY_LIMIT: Final = Family(
    names.CONTAINER_MEMORY_LIMIT, "gauge", "Memory at which the container's processes are killed.", merge="max"
)
OOM_KILLS: Final = Family(
    names.CONTAINER_OOM_KILLS, "counter", "Processes of the container that were killed for want of memory."
)
PRESSURE: Final = Family(
    names.CONTAINER_PRESSURE, "counter", "Time in which some process of the container waited for a resource."
)
