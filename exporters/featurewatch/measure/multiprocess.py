"""One page of metrics for a service that runs in several processes."""

from __future__ import annotations

import atexit
import fcntl
import logging
import os
import threading
import time
import weakref
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from pathlib import Path

from featurewatch import names
from featurewatch.measure.family import Family, Series, Totals
from featurewatch.measure.histogram import Histogram
from featurewatch.measure.labels import Labels
from featurewatch.measure.multiprocess_ended import Ended, gather, load, locked, readings, renew_turn
from featurewatch.measure.multiprocess_file import SUFFIX, Place, ProcessFile, close_inherited, opened
from featurewatch.measure.multiprocess_format import Damaged, Description, Moment, Shared
from featurewatch.measure.multiprocess_merge import MergedValue, Merging
from featurewatch.measure.owner import INTERNAL
from featurewatch.measure.registry import Registry
from featurewatch.measure.trouble import Trouble

log = logging.getLogger("featurewatch")

PROCESSES = Family(names.PROCESSES, "gauge", "Living processes whose counts are added up here.")
PROCESSES_ENDED = Family(names.PROCESSES_ENDED, "counter", "Processes that have ended and whose counts are kept.")
IGNORED = Family(names.PROCESS_FILES_IGNORED, "gauge", "Files and series that this scrape could not add up.")

INTERVAL_SECONDS = 0.5
SCRAPE_PATIENCE_SECONDS = 2.0
"""How long a scrape waits for another process that is gathering, which takes milliseconds."""


class SharedFolderBusy(OSError):
    """A scrape could not get the shared folder in time: a process was stopped in the middle of a gathering."""


class MultiprocessRegistry(Registry):
    """A registry whose processes are scraped as one: whichever of them answers, the page holds the sum of all.

    Give every process of the service the same folder: workers under gunicorn or uvicorn, pools, forked or spawned
    children. Recording costs what it costs with a `Registry`, since a process shares its totals when it folds a
    buffer, and whatever is left every `interval` seconds from a thread of its own. Counts of a process that ends, in
    whatever way, stay; no scrape goes backwards. `kill -9` loses at most what the last `interval` has not shared, and
    no more than one buffer per series. Counters and histograms add up; gauges by their family's `merge`, over living
    processes only.

    Args:
        folder: for this service alone and on a local disk, best in memory (`/run`, `/dev/shm`); made when missing,
            for its owner only. Counts go on from what is in there: empty it to begin at zero. OSError when it cannot
            be made.
        labels: as for `Registry`; a label that differs between processes keeps their series apart.
        interval: seconds between two looks for what has not been shared.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        labels: Mapping[str, str] | None = None,
        *,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        if not interval > 0:
            raise ValueError(f"interval must be positive, found {interval!r}")
        self.folder = Path(folder).absolute()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._interval = interval
        self._ended = Ended()
        self._failed: set[str] = set()
        super().__init__(labels)
        self._trouble = Trouble(self.counter(INTERNAL, ()))
        self._begin()
        # Ends of a process: of the interpreter, of a multiprocessing child (which skips atexit), and before both.
        this = weakref.ref(self)
        atexit.register(_last_words, this)
        _at_end_of_child(self)
        import_module("multiprocessing.util").register_after_fork(self, _at_end_of_child)

    def _begin(self) -> None:
        """What belongs to this process alone."""
        self._sharing = threading.RLock()
        self._file: ProcessFile | None = None
        self._places: dict[Series, Place] = {}
        self._stop = threading.Event()
        threading.Thread(
            target=_share_regularly,
            args=(weakref.ref(self), self._stop, self._interval),
            name="featurewatch-share",
            daemon=True,
        ).start()

    def restart(self) -> None:
        """Start at zero, with a file of its own. Called in forked children."""
        inherited = self._file
        if inherited is not None:
            inherited.abandon()
        close_inherited()
        renew_turn()
        super().restart()
        self._begin()

    def add(self, family: Family, series: Series) -> None:
        super().add(family, series)
        if isinstance(series, Histogram):
            series.publish = partial(self._folded, family, series)

    def share(self, *, take_part: bool = False) -> None:
        """Share everything that this process has counted, now. Never raises; trouble is counted and logged.

        A process takes part, with its gauges as well, from the first thing it counts, or when it `take_part`s.
        """
        try:
            with self._sharing:
                self._share(take_part)
        except Exception as error:  # noqa: BLE001 - measuring goes on
            self._trouble(error)

    def _share(self, take_part: bool) -> None:
        current = [(family, series) for family, members in super().families() for series in members]
        if self._file is not None and not self._file.exists():
            log.warning("featurewatch: %s has been removed; sharing anew", self._file.path)
            self._forget_file()
        if self._file is None:
            if not take_part and not any(_says_something(family, series) for family, series in current):
                return
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = ProcessFile(self.folder)
            # A registry that nobody uses any more ends like a process.
            weakref.finalize(self, self._file.abandon).atexit = False
            gather_ended(self.folder)
        for family, series in current:
            try:
                reading = _reading(family, series)
                place = self._places.get(series)
                if place is None or not _same(place.reading, reading):
                    self._places[series] = self._file.write(_described(family, series), reading, place)
            except Exception as error:  # noqa: BLE001 - the others are shared all the same
                self._trouble(error)

    def _forget_file(self) -> None:
        file, self._file, self._places = self._file, None, {}
        if file is not None:
            file.abandon()

    def _folded(self, family: Family, series: Histogram, totals: Totals) -> None:
        """Share the totals of a fold at once; the first time, and when that fails, `share` does it."""
        place, file = self._places.get(series), self._file
        if place is None or file is None:
            return
        try:
            self._places[series] = file.write(_described(family, series), totals, place)
        except BlockingIOError:
            pass  # in a signal handler, during another write
        except Exception as error:  # noqa: BLE001 - never reaches the caller
            self._trouble(error)

    def families(self) -> list[tuple[Family, tuple[Series, ...]]]:
        """Every family with the series of all processes.

        SharedFolderBusy when another process stands still while it holds the folder; OSError when it is unreadable.
        """
        self.share(take_part=True)
        merging, alive, gone, damaged = Merging(), 0, 0, 0
        own = None if self._file is None else self._file.path.name
        for family, members in super().families():
            for series in members:
                place = self._places.get(series)
                # What others can read, and not what has been counted since: another process may answer next.
                reading = _reading(family, series) if place is None else place.reading
                merging.add_own(_described(family, series), reading, getattr(series, "exemplars", None))
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(self.folder, fcntl.LOCK_SH, SCRAPE_PATIENCE_SECONDS) as held:
            if not held:
                raise SharedFolderBusy(f"{self.folder} stayed locked for {SCRAPE_PATIENCE_SECONDS} s")
            try:
                ended = self._ended = load(self.folder, self._ended)
            except Damaged as error:
                self._tell_once("ended", error)
                ended, damaged = Ended(), 1
            for path in self.folder.glob(f"*{SUFFIX}"):
                if path.name == own or path.name in ended.gathered:
                    continue
                try:
                    with opened(path) as file:
                        found = readings(file)
                        gone += file.ended
                        alive += not file.ended
                        for of, reading in found:
                            if not (file.ended and of.family.kind == "gauge"):
                                merging.add(of, reading)
                except (Damaged, OSError) as error:
                    self._tell_once(path.name, error)
                    damaged += 1
            for sums in ended.series.values():
                merging.include(sums)
        if gone:
            gather_ended(self.folder)
        mine = [
            (PROCESSES, (MergedValue(PROCESSES.name, (), alive + (own is not None)),)),
            (PROCESSES_ENDED, (MergedValue(PROCESSES_ENDED.name, (), ended.processes + gone),)),
            (IGNORED, (_ignored("damaged", damaged), _ignored("conflict", merging.conflicts))),
        ]
        return [*merging.families(), *mine]

    def _tell_once(self, name: str, error: Exception) -> None:
        if name not in self._failed and len(self._failed) < 100:
            self._failed.add(name)
            log.warning("featurewatch ignores %s in %s: %s", name, self.folder, error)


def gather_ended(folder: str | os.PathLike[str]) -> None:
    """Add up what ended processes left in the folder and remove their files; scrapes and new workers do it as well.

    For gunicorn's `child_exit`, so that nothing piles up between scrapes. Never raises.
    """
    try:
        gather(Path(folder))
    except Exception:
        log.exception("featurewatch could not gather the files in %s", folder)


def _described(family: Family, series: Series) -> Description:
    return Description(family, series.labels, getattr(series, "edges", None))


def _reading(family: Family, series: Series) -> Shared:
    value = series.read()
    if isinstance(value, Totals):
        return value
    # Counters have no use for the moment, and without it an unchanged one is not written again.
    return Moment(float(value), time.time() if family.merge == "latest" else 0.0)


def _same(before: Shared, now: Shared) -> bool:
    if isinstance(before, Moment) and isinstance(now, Moment):
        return before.value == now.value or (before.value != before.value and now.value != now.value)
    return before is now


def _says_something(family: Family, series: Series) -> bool:
    """Whether there is anything to share: a master process that only forks workers needs no file."""
    value = series.read()
    return bool(value.cumulative[-1]) if isinstance(value, Totals) else family.kind == "counter" and bool(value)


def _ignored(reason: str, count: int) -> MergedValue:
    labels: Labels = ((names.REASON, reason),)
    return MergedValue(IGNORED.name, labels, count)


def _share_regularly(registry: weakref.ref[MultiprocessRegistry], stop: threading.Event, interval: float) -> None:
    while not stop.wait(interval):
        alive = registry()
        if alive is None:
            return
        if alive._stop is not stop:
            return
        alive.share()
        del alive


def _last_words(registry: weakref.ref[MultiprocessRegistry]) -> None:
    alive = registry()
    if alive is not None:
        alive.share()


def _at_end_of_child(registry: MultiprocessRegistry) -> None:
    import_module("multiprocessing.util").Finalize(None, _last_words, (weakref.ref(registry),), exitpriority=-100)
