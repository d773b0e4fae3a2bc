"""Ports: taken or free, and by whom."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.native_sample import web
from tests.ordinary_user import ordinary_user

from featurewatch.native import ports
from featurewatch.native.errors import PortsTaken
from featurewatch.native.ports import LOOPBACK, check, free_port, why_not

_LISTEN = """
import socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
input()
"""


def test_a_free_port_is_free() -> None:
    assert why_not(free_port()) == ""


def test_the_holder_is_named_by_pid_and_program() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        assert why_not(port).startswith(f"{port} is taken by pid {os.getpid()} (")


def test_a_listener_on_every_address_holds_loopback_too() -> None:
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        assert f"taken by pid {os.getpid()}" in why_not(port)


def test_of_another_users_holder_the_user_is_told(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to become two users")
    user = ordinary_user()
    if user is None or user.owner == 0:
        pytest.skip("root cannot become another user here who can run this Python")
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        asked = "import sys; from featurewatch.native.ports import why_not; print(why_not(int(sys.argv[1])))"
        exporters = Path(ports.__file__).resolve().parents[2]
        answer = subprocess.run(
            [*user.prefix, sys.executable, "-c", asked, str(port)],
            env={**os.environ, "PYTHONPATH": str(exporters)},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
    assert answer.stdout.startswith(f"{port} is taken by a process of user root (only that user and root"), answer


def test_a_port_whose_server_just_ended_is_free() -> None:
    with subprocess.Popen(
        [sys.executable, "-I", "-c", _LISTEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with socket.create_connection((LOOPBACK, port)):
            process.kill()
            process.wait()
        assert why_not(port) == ""


def test_all_conflicts_are_told_at_once_and_with_who_needs_the_port(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as one, socket.create_server((LOOPBACK, 0)) as two:
        taken = sorted([one.getsockname()[1], two.getsockname()[1]])
        parts = [web("first", tmp_path, port=taken[0]), web("second", tmp_path, port=taken[1])]
        with pytest.raises(PortsTaken) as caught:
            check(parts)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(f"{taken[0]} is taken by pid {os.getpid()} (")
    assert lines[0].endswith("; first needs it")
    assert lines[1].startswith(f"{taken[1]} is taken by pid {os.getpid()} (")
    assert lines[-1] == "End what holds them, or choose other ports."


def test_two_parts_cannot_have_the_same_port(tmp_path: Path) -> None:
    port = free_port()
    with pytest.raises(PortsTaken, match=f"{port} is wanted by first and second"):
        check([web("first", tmp_path, port=port), web("second", tmp_path, port=port)])


def test_a_number_beyond_the_range_is_no_port() -> None:
    assert why_not(70000) == "70000 is no port number"
