"""Processes, container and service of this machine, as a source of a registry: `registry.collect_from(Host(…))`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from featurewatch import names
from featurewatch.host import families
from featurewatch.host.container import container, own_cgroup
from featurewatch.host.processes import Processes
from featurewatch.measure.family import Family, Series
from featurewatch.measure.labels import Labels, chosen_name
from featurewatch.measure.missing import needed
from featurewatch.measure.polled import PATIENCE, Polled, Reading


class Host:
    """Reads processes and container at each scrape, and says which services run here.

    Args:
        services: services of this machine: `featurewatch_service_host_info` gives their names to what is the machine's.
        processes: name to regular expression, searched for in command lines.
        cgroup: finds the folder of the cgroup to report, None for none.
        psutil: the module, or what behaves like it; needed only when `processes` are given.
        leave_out: ids of processes that are not watched, whatever their command line.
        patience: seconds that a scrape waits.

    ValueError for a name or an expression that cannot be one; ImportError says what to install.
    """

    def __init__(
        self,
        *,
        services: Sequence[str] = (),
        processes: Mapping[str, str] | None = None,
        cgroup: Callable[[], Path | None] = own_cgroup,
        psutil: Any = None,
        leave_out: Sequence[int] = (),
        patience: float = PATIENCE,
    ) -> None:
        self._services = [chosen_name(names.SERVICE, service) for service in dict.fromkeys(services)]
        self._cgroup = cgroup
        self._processes: Processes | None = None
        if processes:
            watched = {chosen_name(names.PROCESS, name): _compiled(name, text) for name, text in processes.items()}
            self._processes = Processes(
                watched, needed("psutil", "Host", "host") if psutil is None else psutil, leave_out
            )
        self._polled = Polled("host", self._poll, self._instead, patience)

    def families(self, labels: Labels) -> list[tuple[Family, tuple[Series, ...]]]:
        return self._polled.families(labels)

    def _poll(self) -> list[Reading]:
        readings = list(self._info())
        folder = self._cgroup()
        if folder is not None:
            readings += container(folder)
        if self._processes is not None:
            readings += self._processes.read()
        return readings

    def _instead(self, _: str) -> Iterable[Reading]:
        """`/proc` does not answer: whose machine it is holds all the same."""
        return self._info()

    def _info(self) -> Iterable[Reading]:
        return [Reading(families.SERVICE_HOST, ((names.SERVICE, service),), 1) for service in self._services]


def _compiled(name: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(f"process {name!r}: {text!r} is no regular expression: {error}") from error
