"""Ports on loopback: which are taken, and by whom."""

from __future__ import annotations

import errno
import pwd
import socket
from collections.abc import Collection, Iterable
from pathlib import Path

import psutil

from featurewatch.native.errors import PortsTaken
from featurewatch.native.part import Part

LOOPBACK = "127.0.0.1"
_LISTEN = "0A"


def free_port() -> int:
    """A port that nobody listens on at the moment. For tests: somebody else may take it before you do."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def check(parts: Iterable[Part], ours: Collection[int] = ()) -> None:
    """Raise PortsTaken with one line for each port that cannot be had, also for one that two of the parts want.

    Ports in `ours` may be taken: they are held by parts that will have been stopped by then.
    """
    owners: dict[int, list[str]] = {}
    for part in parts:
        for port in part.ports:
            owners.setdefault(port, []).append(part.name)
    faults = []
    for port, names in sorted(owners.items()):
        if len(names) > 1:
            faults.append(f"{port} is wanted by {' and '.join(names)}")
        reason = "" if port in ours else why_not(port)
        if reason:
            faults.append(f"{reason}; {names[0]} needs it")
    if faults:
        raise PortsTaken("\n".join([*faults, "End what holds them, or choose other ports."]))


def why_not(port: int) -> str:
    """Why one cannot listen on this port of loopback; empty if one can."""
    with socket.socket() as probe:
        # As servers do it: a port whose last connections are still closing (TIME_WAIT) is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OverflowError:
            return f"{port} is no port number"
        except OSError as fault:
            if fault.errno == errno.EADDRINUSE:
                return f"{port} is taken by {holder(port)}"
            return f"{port} cannot be listened on: {fault.strerror}"
    return ""


def holder(port: int) -> str:
    """Who listens on this port, as far as this user may know."""
    for connection in psutil.net_connections(kind="tcp"):
        address = connection.laddr
        listens = connection.status == psutil.CONN_LISTEN and len(address) == 2 and address[1] == port
        if listens and connection.pid:
            try:
                return f"pid {connection.pid} ({psutil.Process(connection.pid).name()})"
            except psutil.Error:
                return f"pid {connection.pid}"
    user = _listening_user(port)
    if user is not None:
        return f"a process of user {user} (only that user and root can see its pid)"
    return "a process that cannot be seen from here"


def _listening_user(port: int) -> str | None:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                uid = int(fields[7])
                try:
                    return pwd.getpwuid(uid).pw_name
                except KeyError:
                    return str(uid)
    return None
