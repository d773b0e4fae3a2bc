"""`supervisord`, started with a generated configuration and spoken to over a private socket."""

from __future__ import annotations

import http.client
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from featurewatch.native import launch
from featurewatch.native.errors import StackError
from featurewatch.native.part import Part, Stack
from featurewatch.native.process import Identity, identity
from featurewatch.native.records import RunFolder, Supervising

_SOCKET_VARIABLE: Final = "FEATUREWATCH_SOCKET"
# A unix socket's path has room for 107 bytes, and supervisord first binds `<path>.<pid>`.
_LONGEST_SOCKET_PATH: Final = 107 - len(".4194304")
_LOGS: Final = "logs"
_START_SECONDS: Final = 20.0
_CALL_SECONDS: Final = 10.0
# Waits one second longer after each failed start (1, 2, 3 …): these many take about half an hour. Then it gives up,
# `status` says so, and `up` tries again.
_START_RETRIES: Final = 60
_LOG_BYTES: Final = 10 * 1024 * 1024
_LOG_BACKUPS: Final = 3

STOPPED_STATES: Final = frozenset({"STOPPED", "EXITED", "FATAL", "UNKNOWN", "BACKOFF"})
"""States of supervisor in which a part has no process."""

NOT_RUNNING: Final = 70
ALREADY_STARTED: Final = 60
BAD_NAME: Final = 10


def configuration(parts: Iterable[Part], root: bool) -> str:
    """supervisord's configuration, for a supervisord that is started in the run folder.

    It names no path: those may hold `%`, `;` or `#`, which mean something here. What lies in the run folder is
    relative to it, the log folder is a link there, and the rest comes in by environment variables.
    """
    lines = [
        "; Made by featurewatch at every start; changes are lost.",
        "[unix_http_server]",
        f"file = %(ENV_{_SOCKET_VARIABLE})s",
        "chmod = 0600",
        "",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
        "",
        "[supervisord]",
        f"logfile = {_LOGS}/supervisord.log",
        f"logfile_maxbytes = {_LOG_BYTES}",
        f"logfile_backups = {_LOG_BACKUPS}",
        "pidfile = supervisord.pid",
        "identifier = featurewatch",
        "umask = 077",
        "nodaemon = false",
    ]
    if root:
        lines.append("user = root  ; said outright, or it warns at every start")
    for part in parts:
        lines += [
            "",
            f"[program:{part.name}]",
            f"command = %(ENV_{launch.LAUNCHER_VARIABLE})s parts/{part.name}.json",
            "autostart = false  ; started in order, each when the one before it is ready",
            "autorestart = true",
            "startsecs = 1",
            f"startretries = {_START_RETRIES}",
            f"stopsignal = {part.stop_signal.name.removeprefix('SIG')}",
            f"stopwaitsecs = {part.stop_seconds}",
            "stopasgroup = true",
            "killasgroup = true",
            "redirect_stderr = true",
            f"stdout_logfile = {_LOGS}/{part.name}.log",
            f"stdout_logfile_maxbytes = {_LOG_BYTES}",
            f"stdout_logfile_backups = {_LOG_BACKUPS}",
        ]
    return "\n".join(lines) + "\n"


class Supervisor:
    """A running supervisord."""

    def __init__(self, socket_path: Path, process: Identity) -> None:
        self.process = process
        self._socket = socket_path

    def answers(self) -> bool:
        """Whether it is up and listening to us."""
        try:
            return bool(self._call("getState"))
        except StackError:
            return False

    def states(self) -> dict[str, Mapping[str, Any]]:
        """What supervisor knows of each part, by name."""
        answer: Any = self._call("getAllProcessInfo")
        return {str(info["name"]): info for info in answer}

    def start(self, name: str) -> None:
        self._call("startProcess", name, False, accept=(ALREADY_STARTED,))

    def stop(self, name: str, seconds: float) -> None:
        """Stop a part's whole process group and wait for it. Raises StackError if it is still there afterwards."""
        self._call("stopProcess", name, False, accept=(NOT_RUNNING, BAD_NAME))
        # supervisord kills after the part's own stop_seconds; leave it a little longer than that.
        deadline = time.monotonic() + seconds + 5
        while time.monotonic() < deadline:
            info = self.states().get(name)
            if info is None or info["statename"] in STOPPED_STATES:
                return
            time.sleep(0.03)
        raise StackError(f"{name} does not stop, not even when killed")

    def reread(self, stop: Callable[[str], None]) -> None:
        """Take the configuration file as it is now; `stop` is called for each part that is gone or configured anew."""
        added, changed, removed = self._call("reloadConfig")[0]
        for name in (*removed, *changed):
            stop(name)
            self._call("removeProcessGroup", name)
        for name in (*added, *changed):
            self._call("addProcessGroup", name)

    def shutdown(self) -> None:
        self._call("shutdown")

    def _call(self, method: str, *arguments: object, accept: tuple[int, ...] = ()) -> Any:
        try:
            # One connection per call: supervisord closes idle ones, and calls are far apart.
            with xmlrpc.client.ServerProxy("http://localhost", transport=_UnixTransport(self._socket)) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode in accept:
                return None
            raise StackError(f"supervisor refuses {method}{arguments}: {fault.faultString}") from fault
        except (OSError, http.client.HTTPException, xmlrpc.client.Error) as fault:
            raise StackError(f"supervisor (pid {self.process.pid}) does not answer {method}: {fault}") from fault


def connect(folder: RunFolder) -> Supervisor | None:
    """The supervisor of this run folder if it is alive and answers."""
    supervising = folder.supervising()
    if supervising is None or not supervising.process.alive():
        return None
    supervisor = Supervisor(supervising.socket, supervising.process)
    return supervisor if supervisor.answers() else None


def write_configuration(folder: RunFolder, parts: Iterable[Part]) -> None:
    """Write supervisord's configuration file."""
    folder.configuration.write_text(configuration(parts, root=os.geteuid() == 0))


def start(folder: RunFolder, stack: Stack) -> Supervisor:
    """Start supervisord, detached from this process, with none of the parts running yet."""
    write_configuration(folder, stack.parts)
    log_dir = stack.log_dir.absolute()
    log_dir.mkdir(parents=True, exist_ok=True)
    _link(folder.path / _LOGS, log_dir)
    socket_path = place_socket(folder.path)
    try:
        process = _daemon(folder, socket_path, log_dir)
    except BaseException:
        folder.discard_socket(socket_path)
        raise
    folder.write_supervising(Supervising(process, socket_path))
    return Supervisor(socket_path, process)


def _daemon(folder: RunFolder, socket_path: Path, log_dir: Path) -> Identity:
    environment = {
        **os.environ,
        launch.RUN_DIR_VARIABLE: str(folder.path),
        # Quoted, because supervisord splits the command like a shell after it has put the variable in.
        launch.LAUNCHER_VARIABLE: shlex.join([sys.executable, "-I", "-S", launch.__file__]),
        _SOCKET_VARIABLE: str(socket_path),
    }
    command = [sys.executable, "-P", "-m", "supervisor.supervisord", "-c", folder.configuration.name]
    folder.pid_file.unlink(missing_ok=True)
    try:
        answer = subprocess.run(  # noqa: S603
            command,
            cwd=folder.path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise StackError(f"supervisord does not detach within {_START_SECONDS:g} s") from late
    if answer.returncode != 0:
        # A mistake in the configuration is one line; for anything else, the end of a traceback says what it was.
        said = (answer.stderr or answer.stdout).strip().splitlines()[-2:]
        raise StackError("\n".join(["supervisord does not start:", *(f"  {line}" for line in said)]))
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        process = _process_in(folder.pid_file)
        if process is not None and Supervisor(socket_path, process).answers():
            return process
        time.sleep(0.03)
    raise StackError(f"supervisord does not answer within {_START_SECONDS:g} s; see {log_dir / 'supervisord.log'}")


def place_socket(run_dir: Path, longest: int = _LONGEST_SOCKET_PATH) -> Path:
    """Where the socket goes: the run folder, or a short private folder if that path is too long for a socket.

    The temporary folder comes before XDG_RUNTIME_DIR, which is removed when the user logs out while the stack goes on.
    """
    path = run_dir / "supervisor.sock"
    if _fits(path, longest):
        return path
    for base in (tempfile.gettempdir(), "/tmp", os.environ.get("XDG_RUNTIME_DIR", "")):  # noqa: S108
        # mkdtemp: a name that nobody can have prepared, open to this user only.
        if base and _fits(Path(base) / "featurewatch-12345678" / path.name, longest):
            try:
                return Path(tempfile.mkdtemp(prefix="featurewatch-", dir=base)) / path.name
            except OSError:
                continue
    raise StackError(f"no folder for supervisor's socket: {path} is too long, and no temporary folder can be written")


def _link(link: Path, target: Path) -> None:
    if link == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _fits(path: Path, longest: int) -> bool:
    return len(os.fsencode(path)) <= longest


def _process_in(pid_file: Path) -> Identity | None:
    try:
        return identity(int(pid_file.read_text()))
    except (OSError, ValueError):
        return None


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_CALL_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: object) -> http.client.HTTPConnection:
        connection = _UnixConnection(self._path)
        self._connection = str(host), connection  # what close() closes
        return connection
