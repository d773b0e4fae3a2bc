"""Processes by name, through psutil: node_exporter counts the machine as a whole, not who uses it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from re import Pattern
from typing import Any, Final

from featurewatch import names
from featurewatch.host import families
from featurewatch.measure.family import Family
from featurewatch.measure.polled import Reading

COUNTED: Final = (
    (families.CPU, ()),
    (families.IO, ((names.KIND, "read"),)),
    (families.IO, ((names.KIND, "written"),)),
    (families.SWITCHES, ((names.KIND, "voluntary"),)),
    (families.SWITCHES, ((names.KIND, "involuntary"),)),
)
"""What only grows, in the order in which `_counts` reads it."""


@dataclass(slots=True)
class Group:
    """All processes of one name. What a process had counted stays when it ends, so that no counter goes backwards."""

    ended: list[float] = field(default_factory=lambda: [0.0] * len(COUNTED))
    living: dict[tuple[int, float], list[float]] = field(default_factory=dict)
    """Counts by process id and start, since ids are used again."""

    def count(self, found: Mapping[tuple[int, float], list[float]]) -> list[float]:
        for key in self.living.keys() - found.keys():
            self.ended = [a + b for a, b in zip(self.ended, self.living.pop(key), strict=True)]
        for key, counts in found.items():
            before = self.living.get(key, counts)
            self.living[key] = [max(a, b) for a, b in zip(before, counts, strict=True)]
        totals = list(self.ended)
        for counts in self.living.values():
            totals = [a + b for a, b in zip(totals, counts, strict=True)]
        return totals


class Processes:
    """Watches the processes whose command line matches a pattern, under the name that the pattern has.

    Args:
        watched: name to pattern, searched for in the command line (`uvicorn market`); a process belongs to the first
            that matches.
        leave_out: processes that are never watched: whoever is told the patterns on its command line matches them all.
        psutil: the module, or what behaves like it.
    """

    def __init__(self, watched: Mapping[str, Pattern[str]], psutil: Any, leave_out: Sequence[int] = ()) -> None:
        self._watched = dict(watched)
        self._psutil = psutil
        self._leave_out = frozenset(leave_out)
        self._groups = {name: Group() for name in self._watched}

    def read(self) -> Iterator[Reading]:
        """Every name, whether anything of that name runs or not."""
        members: dict[str, list[Any]] = {name: [] for name in self._watched}
        for process in self._psutil.process_iter():
            if process.pid in self._leave_out:
                continue
            with contextlib.suppress(self._psutil.Error, OSError):
                command = " ".join(process.cmdline()) or process.name()
                name = next((name for name, pattern in self._watched.items() if pattern.search(command)), None)
                if name is not None and process.status() != self._psutil.STATUS_ZOMBIE:
                    members[name].append(process)
        for name, processes in members.items():
            yield from self._group(name, processes)

    def _group(self, name: str, processes: Iterable[Any]) -> Iterator[Reading]:
        label = ((names.PROCESS, name),)
        found: dict[tuple[int, float], list[float]] = {}
        sums: dict[tuple[Family, tuple[tuple[str, str], ...]], float] = {}
        highest: dict[Family, float] = {}
        for process in processes:
            # A process may end between any two questions: then it is as if it had ended before.
            with contextlib.suppress(self._psutil.Error, OSError), process.oneshot():
                found[process.pid, process.create_time()] = self._counts(process)
                for key, value in self._sizes(process).items():
                    sums[key] = sums.get(key, 0) + value
                highest[families.STARTED] = max(highest.get(families.STARTED, 0), process.create_time())
                ratio = self._open_files_ratio(process)
                if ratio is not None:
                    highest[families.OPEN_FILES_RATIO] = max(highest.get(families.OPEN_FILES_RATIO, 0), ratio)
        yield Reading(families.UP, label, int(bool(found)))
        yield Reading(families.COUNT, label, len(found))
        for (family, more), total in zip(COUNTED, self._groups[name].count(found), strict=True):
            yield Reading(family, (*label, *more), total)
        for (family, more), value in sums.items():
            yield Reading(family, (*label, *more), value)
        for family, value in highest.items():
            yield Reading(family, label, value)

    def _counts(self, process: Any) -> list[float]:
        cpu, switches = process.cpu_times(), process.num_ctx_switches()
        seconds = cpu.user + cpu.system + cpu.children_user + cpu.children_system
        read = written = 0
        with contextlib.suppress(self._psutil.AccessDenied, AttributeError):  # another user's process
            io = process.io_counters()
            read, written = io.read_bytes, io.write_bytes
        return [seconds, read, written, switches.voluntary, switches.involuntary]

    def _sizes(self, process: Any) -> dict[tuple[Family, tuple[tuple[str, str], ...]], float]:
        sizes: dict[tuple[Family, tuple[tuple[str, str], ...]], float] = {
            (families.MEMORY, ((names.KIND, "rss"),)): process.memory_info().rss,
            (families.THREADS, ()): process.num_threads(),
        }
        with contextlib.suppress(self._psutil.AccessDenied):
            sizes[families.MEMORY, ((names.KIND, "pss"),)] = process.memory_full_info().pss
        with contextlib.suppress(self._psutil.AccessDenied):
            sizes[families.OPEN_FILES, ()] = process.num_fds()
        return sizes

    def _open_files_ratio(self, process: Any) -> float | None:
        with contextlib.suppress(self._psutil.AccessDenied, AttributeError):
            limit, _ = process.rlimit(self._psutil.RLIMIT_NOFILE)
            if limit > 0:
                return float(process.num_fds() / limit)
        return None
