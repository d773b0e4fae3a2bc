"""The limits of the cgroup that this process runs in (version 2), and what they cost.

node_exporter sees the machine. A container with half a processor is stopped for up to 100 ms at a time while the
machine idles: that is a latency problem which only the cgroup's own files show.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from featurewatch import names
from featurewatch.host import families
from featurewatch.measure.polled import Reading

ROOT: Final = Path("/sys/fs/cgroup")
SELF: Final = Path("/proc/self/cgroup")

_USED, _WORKING_SET = "used", "working_set"


def own_cgroup(listing: Path = SELF, root: Path = ROOT) -> Path | None:
    """The folder of this process' cgroup, or None without cgroups of version 2 (on cgroup v1, for example).

    In a container the listing says `/`, or a path of the host's that is not to be seen from here: then it is the root.
    """
    try:
        lines = listing.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        hierarchy, _, path = line.partition("::")
        if hierarchy == "0":
            folder = root / path.lstrip("/")
            return folder if (folder / "cgroup.controllers").exists() else _root(root)
    return None


def _root(root: Path) -> Path | None:
    return root if (root / "cgroup.controllers").exists() else None


def container(folder: Path) -> Iterator[Reading]:
    """What the cgroup's files say. What is missing (no limit, no controller, no permission) is left out."""
    limit = _words(folder / "cpu.max")
    if len(limit) == 2 and limit[0] != "max":
        yield Reading(families.CPU_LIMIT, (), int(limit[0]) / int(limit[1]))
    cpu = _table(folder / "cpu.stat")
    for key, family, unit in (
        ("usage_usec", families.CONTAINER_CPU, 1e-6),
        ("nr_periods", families.PERIODS, 1),
        ("nr_throttled", families.THROTTLED_PERIODS, 1),
        ("throttled_usec", families.THROTTLED, 1e-6),
    ):
        if key in cpu:
            yield Reading(family, (), cpu[key] * unit)
    yield from _memory(folder)
    for resource in ("cpu", "memory", "io"):
        waited = _pressure(folder / f"{resource}.pressure")
        if waited is not None:
            yield Reading(families.PRESSURE, ((names.KIND, resource),), waited)


def _memory(folder: Path) -> Iterator[Reading]:
    used = _words(folder / "memory.current")
    if used:
        # As the kubelet has it: what the kernel would drop first does not count.
        droppable = _table(folder / "memory.stat").get("inactive_file", 0)
        yield Reading(families.CONTAINER_MEMORY, ((names.KIND, _USED),), int(used[0]))
        working_set = max(0, int(used[0]) - droppable)
        yield Reading(families.CONTAINER_MEMORY, ((names.KIND, _WORKING_SET),), working_set)
    limit = _words(folder / "memory.max")
    if limit and limit[0] != "max":
        yield Reading(families.MEMORY_LIMIT, (), int(limit[0]))
    events = _table(folder / "memory.events")
    if "oom_kill" in events:
        yield Reading(families.OOM_KILLS, (), events["oom_kill"])


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def _table(path: Path) -> dict[str, int]:
    """A file of lines `key number`."""
    words = _words(path)
    return {key: int(number) for key, number in zip(words[::2], words[1::2], strict=False) if number.isdigit()}


def _pressure(path: Path) -> float | None:
    """Seconds by a pressure file's line `some avg10=… avg60=… avg300=… total=MICROSECONDS`."""
    words = _words(path)
    if words[:1] != ["some"]:
        return None
    return next((int(word[6:]) / 1e6 for word in words[1:5] if word.startswith("total=")), None)
