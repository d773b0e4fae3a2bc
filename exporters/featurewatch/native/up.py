"""Starting the stack: in order, each part when the one before it is ready; or bringing back what is missing of it."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterable
from typing import Final

from featurewatch.native import ports, readiness, supervisor
from featurewatch.native.down import leftovers, stop_everything, sweep
from featurewatch.native.errors import PartFailed, StackError
from featurewatch.native.logs import tail
from featurewatch.native.part import Part, Stack
from featurewatch.native.records import Layout, Recorded, RunFolder
from featurewatch.native.status import PartStatus, status
from featurewatch.native.supervisor import STOPPED_STATES, Supervisor
from featurewatch.tools.lock import Occupied, exclusive

LOCK_SECONDS: Final = 300.0
_RELOAD_SECONDS: Final = 30.0
_TAIL_LINES: Final = 20
# A port may be in its last moment of use, so a first failure to start is tried again; a wrong argument fails each time.
_MOST_STARTS: Final = 3

Progress = Callable[[str], None]


def up(stack: Stack, progress: Progress = lambda _: None) -> list[PartStatus]:
    """Have the stack run exactly as given, and return how it is.

    A part that runs as asked for is left alone; one that is missing is started; one whose command changed is
    restarted; one whose watched files changed is reloaded or restarted; one that is no longer asked for is stopped.
    If a part does not become ready, a stack that this call started is stopped as a whole, and PartFailed raised.
    Raises PortsTaken before anything is started, naming every conflict. Another `up` or `down` is waited for.
    """
    folder = RunFolder(stack.run_dir)
    folder.make()
    try:
        with exclusive(
            folder.lock, LOCK_SECONDS, waiting=lambda: progress("waiting: another command is at work on this stack")
        ):
            _Bringing(folder, stack, progress).up()
            return status(stack.run_dir)
    except Occupied as fault:
        raise StackError(str(fault)) from fault


class _Bringing:
    def __init__(self, folder: RunFolder, stack: Stack, progress: Progress) -> None:
        self._folder = folder
        self._stack = stack
        self._progress = progress
        self._layout = Layout(tuple(part.name for part in stack.parts), stack.log_dir.absolute())

    def up(self) -> None:
        running = supervisor.connect(self._folder)
        if running is None:
            self._from_nothing()
        else:
            self._again(running)

    def _from_nothing(self) -> None:
        if leftovers(self._folder):
            sweep(self._folder, self._progress)
        ports.check(self._stack.parts)
        self._folder.forget_supervising()
        self._forget_all_but(self._layout.order)
        self._folder.write_layout(self._layout)
        try:
            running = supervisor.start(self._folder, self._stack)
            for part in self._stack.parts:
                self._start(running, part)
        except BaseException:
            # Interrupted or failed: half a stack is worse than none.
            stop_everything(self._folder)
            raise

    def _again(self, running: Supervisor) -> None:
        before = {part.name: self._folder.recorded(part.name) for part in self._stack.parts}
        states = running.states()
        alive = {name for name, info in states.items() if info["statename"] not in STOPPED_STATES}
        stays = {
            part.name for part in self._stack.parts if part.name in alive and _same_command(part, before[part.name])
        }
        # Told while everything still runs; and again below, when what has to make room is gone.
        ports.check((part for part in self._stack.parts if part.name not in stays), ours=self._ports_of(alive))
        for name in reversed([name for name in states if name not in self._layout.order]):
            self._progress(f"stopping {name}, which no longer belongs to the stack")
            self._stop(running, name)
        for part in reversed(self._stack.parts):
            if part.name in states and part.name not in stays:
                self._stop(running, part.name)
        ports.check(part for part in self._stack.parts if part.name not in stays)
        self._folder.write_layout(self._layout)
        supervisor.write_configuration(self._folder, self._stack.parts)
        running.reread(stop=lambda name: self._stop(running, name))
        self._forget_all_but(self._layout.order)
        alive = {name for name, info in running.states().items() if info["statename"] not in STOPPED_STATES}
        for part in self._stack.parts:
            recorded = before[part.name]
            if part.name not in alive:
                self._start(running, part)
            elif recorded is None or recorded.watched != part.watched_fingerprint():
                self._take_new_files(running, part)
            else:
                self._wait(running, part, begun=time.monotonic())

    def _start(self, running: Supervisor, part: Part) -> None:
        self._folder.write_part(part, part.watched_fingerprint())
        self._folder.forget_started(part.name)
        self._progress(f"starting {part.name}")
        begun = time.monotonic()
        running.start(part.name)
        self._wait(running, part, begun)

    def _take_new_files(self, running: Supervisor, part: Part) -> None:
        if not part.reload_url:
            self._stop(running, part.name)
            self._start(running, part)
            return
        self._progress(f"reloading {part.name}")
        # Before the request: a file that changes again meanwhile must count as changed next time.
        watched = part.watched_fingerprint()
        try:
            code, body = readiness.request("POST", part.reload_url, _RELOAD_SECONDS, part.ca_file)
        except (OSError, http.client.HTTPException) as fault:
            raise StackError(f"{part.name} could not be reloaded: {part.reload_url}: {fault}") from fault
        if code != http.client.OK:
            raise StackError(
                f"{part.name} refuses its new configuration and keeps the one it has: {body.strip() or code}"
            )
        self._folder.write_part(part, watched)

    def _wait(self, running: Supervisor, part: Part, begun: float) -> None:
        try:
            self._until_ready(running, part, begun)
        except PartFailed as fault:
            if not part.optional:
                raise
            self._progress(f"going on without {part.name}, which is optional: {fault}")

    def _until_ready(self, running: Supervisor, part: Part, begun: float) -> None:
        deadline = time.monotonic() + part.ready_seconds
        earlier = self._folder.started(part.name)
        most_starts = _MOST_STARTS + (earlier.starts if earlier is not None else 0)
        while True:
            reason = readiness.probe(part.ready_url, part.ca_file)
            started = self._folder.started(part.name)
            living = started is not None and started.process.alive()
            if living and not reason:
                self._progress(f"{part.name} is ready ({time.monotonic() - begun:.1f} s)")
                return
            state = running.states().get(part.name, {}).get("statename")
            if state == "FATAL" or (not living and started is not None and started.starts >= most_starts):
                raise self._failure(running, part, "ends as soon as it is started")
            if time.monotonic() > deadline:
                raise self._failure(running, part, f"is not ready after {part.ready_seconds:g} s ({reason})")
            time.sleep(0.05)

    def _failure(self, running: Supervisor, part: Part, reason: str) -> PartFailed:
        log = self._layout.log(part.name)
        failure = PartFailed(part.name, reason, str(log), tail(log, _TAIL_LINES))
        # Or it would go on trying, and write into a log that has just been quoted as its last words.
        running.stop(part.name, part.stop_seconds)
        return failure

    def _stop(self, running: Supervisor, name: str) -> None:
        recorded = self._folder.recorded(name)
        running.stop(name, recorded.part.stop_seconds if recorded is not None else 15)

    def _ports_of(self, names: Iterable[str]) -> set[int]:
        recorded = (self._folder.recorded(name) for name in names)
        return {port for item in recorded if item is not None for port in item.part.ports}

    def _forget_all_but(self, names: tuple[str, ...]) -> None:
        for name in self._folder.recorded_names():
            if name not in names:
                self._folder.forget_part(name)


def _same_command(part: Part, recorded: Recorded | None) -> bool:
    return recorded is not None and recorded.command == part.command_fingerprint()
