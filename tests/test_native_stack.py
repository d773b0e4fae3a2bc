"""A stack of small real processes under the real supervisor."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.native_sample import answers, broken, eventually, pid, row, said, stack, web

from featurewatch.native import process
from featurewatch.native.down import down
from featurewatch.native.errors import PartFailed, PortsTaken, StackError
from featurewatch.native.ports import LOOPBACK
from featurewatch.native.records import RunFolder
from featurewatch.native.status import SUPERVISOR, State, status
from featurewatch.native.up import up


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where a stack may live; whatever is left running at the end is stopped."""
    yield tmp_path
    down(tmp_path / "run")
    assert process.belonging_to(tmp_path / "run") == set()


def test_up_starts_each_part_when_the_one_before_it_is_ready(folder: Path) -> None:
    first, second = web("first", folder, says="1"), web("second", folder, says="2")
    steps: list[str] = []

    rows = up(stack(folder, first, second), steps.append)

    assert [step.split(" (")[0] for step in steps] == [
        "starting first",
        "first is ready",
        "starting second",
        "second is ready",
    ]
    assert [(item.part, item.state) for item in rows] == [
        (SUPERVISOR, State.READY),
        ("first", State.READY),
        ("second", State.READY),
    ]
    assert said(first) == "1"
    assert said(second) == "2"


def test_status_tells_url_version_pid_memory_and_uptime(folder: Path) -> None:
    part = web("only", folder)
    up(stack(folder, part))

    found = row(folder / "run", "only")

    assert (found.url, found.version, found.restarts, found.detail) == (part.url, "1.0", 0, "")
    assert found.pid is not None
    assert b"hello" in Path(f"/proc/{found.pid}/cmdline").read_bytes()
    assert 1_000_000 < found.rss_bytes < 200_000_000
    assert 0 <= found.uptime_seconds < 60
    assert found.log.read_text() == "serving hello\n"


def test_down_leaves_no_process_and_no_port_and_keeps_the_logs(folder: Path) -> None:
    part = web("only", folder)
    up(stack(folder, part))

    assert down(folder / "run") is True

    assert process.belonging_to(folder / "run") == set()
    assert not answers(part)
    assert row(folder / "run", "only").state is State.STOPPED
    assert row(folder / "run", "only").log.read_text() == "serving hello\n"
    assert down(folder / "run") is False


def test_down_of_a_stack_that_never_was_does_nothing(tmp_path: Path) -> None:
    assert down(tmp_path / "nowhere") is False
    assert not (tmp_path / "nowhere").exists()
    assert status(tmp_path / "nowhere") == []


def test_a_killed_part_is_restarted_and_the_restart_is_counted(folder: Path) -> None:
    part = web("only", folder)
    up(stack(folder, part))
    before = pid(folder / "run", "only")

    os.kill(before, signal.SIGKILL)

    eventually(lambda: row(folder / "run", "only").state is State.READY and pid(folder / "run", "only") != before)
    assert row(folder / "run", "only").restarts == 1


def test_a_second_up_leaves_running_parts_alone(folder: Path) -> None:
    wanted = stack(folder, web("first", folder), web("second", folder))
    up(wanted)
    before = [item.pid for item in status(folder / "run")]

    up(wanted)

    assert [item.pid for item in status(folder / "run")] == before


def test_up_restarts_only_the_part_whose_command_changed(folder: Path) -> None:
    kept, changing = web("kept", folder), web("changing", folder, says="before")
    up(stack(folder, kept, changing))
    before = pid(folder / "run", "kept")
    changed = web("changing", folder, port=changing.ports[0], says="after")

    up(stack(folder, kept, changed))

    assert said(changed) == "after"
    assert pid(folder / "run", "kept") == before
    assert row(folder / "run", "changing").restarts == 0


def test_up_adds_what_is_new_and_stops_what_is_no_longer_asked_for(folder: Path) -> None:
    kept, old, new = web("kept", folder), web("old", folder), web("new", folder)
    up(stack(folder, kept, old))
    before = pid(folder / "run", "kept")

    rows = up(stack(folder, kept, new))

    assert [item.part for item in rows] == [SUPERVISOR, "kept", "new"]
    assert pid(folder / "run", "kept") == before
    assert answers(new)
    assert not answers(old)


def test_a_new_part_may_take_over_the_port_of_one_that_goes(folder: Path) -> None:
    old = web("old", folder)
    up(stack(folder, old))

    up(stack(folder, web("new", folder, port=old.ports[0], says="new")))

    assert said(old) == "new"


def test_a_changed_file_is_taken_by_reloading_without_a_restart(folder: Path) -> None:
    source = folder / "configuration"
    source.write_text("before")
    part = web("only", folder, source=source)
    part = web("only", folder, port=part.ports[0], source=source, reload_url=f"{part.url}/-/reload")
    up(stack(folder, part))
    before = pid(folder / "run", "only")
    source.write_text("after")

    up(stack(folder, part))

    assert said(part) == "after"
    assert pid(folder / "run", "only") == before


def test_a_refused_reload_keeps_the_old_configuration_says_so_and_is_tried_again(folder: Path) -> None:
    source = folder / "configuration"
    source.write_text("before")
    part = web("only", folder, source=source)
    part = web("only", folder, port=part.ports[0], source=source, reload_url=f"{part.url}/-/reload")
    up(stack(folder, part))
    source.write_text("broken")

    with pytest.raises(StackError, match="only refuses its new configuration and keeps the one it has: this file is"):
        up(stack(folder, part))
    assert said(part) == "before"
    with pytest.raises(StackError, match="refuses"):
        up(stack(folder, part))


def test_a_changed_file_of_a_part_that_cannot_reload_restarts_it(folder: Path) -> None:
    source = folder / "configuration"
    source.write_text("before")
    part = web("only", folder, source=source)
    up(stack(folder, part))
    source.write_text("after")

    up(stack(folder, part))

    assert said(part) == "after"


def test_a_part_that_fails_is_quoted_and_takes_down_what_was_started_with_it(folder: Path) -> None:
    good = web("good", folder)

    with pytest.raises(PartFailed) as caught:
        up(stack(folder, good, broken("bad", folder)))

    message = str(caught.value)
    assert message.startswith("bad ends as soon as it is started\n")
    assert message.splitlines()[-1] == "  line 29"
    assert len([line for line in message.splitlines() if line.startswith("  line")]) == 20
    assert process.belonging_to(folder / "run") == set()
    assert not answers(good)


def test_a_part_that_never_becomes_ready_is_given_up_after_its_time(folder: Path) -> None:
    deaf = web("deaf", folder)
    deaf = web("deaf", folder, port=deaf.ports[0], ready_seconds=1.0)
    unready = type(deaf)(deaf.name, deaf.argv, deaf.cwd, "tcp://127.0.0.1:1", deaf.ports, ready_seconds=1.0)

    with pytest.raises(PartFailed, match=r"deaf is not ready after 1 s \(tcp://127.0.0.1:1: .*refused"):
        up(stack(folder, unready))


def test_a_part_that_fails_later_leaves_the_running_ones_alone(folder: Path) -> None:
    good = web("good", folder)
    up(stack(folder, good))
    before = pid(folder / "run", "good")

    with pytest.raises(PartFailed):
        up(stack(folder, good, broken("bad", folder)))

    assert pid(folder / "run", "good") == before
    up(stack(folder, good))
    assert [item.part for item in status(folder / "run")] == [SUPERVISOR, "good"]


def test_an_optional_part_that_fails_is_reported_and_the_rest_goes_on(folder: Path) -> None:
    steps: list[str] = []
    good = web("good", folder)

    up(stack(folder, broken("extra", folder, optional=True), good), steps.append)

    assert any(step.startswith("going on without extra, which is optional: extra ends") for step in steps)
    assert answers(good)


def test_a_command_that_does_not_exist_is_named(folder: Path) -> None:
    absent = broken("absent", folder)
    absent = type(absent)("absent", ("/nonexistent/server",), folder, absent.ready_url, absent.ports)

    with pytest.raises(PartFailed, match=r"cannot start /nonexistent/server in .*: No such file or directory"):
        up(stack(folder, absent))


def test_taken_ports_are_all_named_before_anything_is_started(folder: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as one, socket.create_server((LOOPBACK, 0)) as other:
        taken = [one.getsockname()[1], other.getsockname()[1]]
        parts = [web(f"part{number}", folder, port=port) for number, port in enumerate(taken)]

        with pytest.raises(PortsTaken) as caught:
            up(stack(folder, *parts))

    for port in taken:
        assert f"{port} is taken by pid {os.getpid()} (" in str(caught.value)
    assert process.belonging_to(folder / "run") == set()


def test_a_conflict_on_a_running_stack_is_told_before_anything_is_stopped(folder: Path) -> None:
    part = web("only", folder)
    up(stack(folder, part))
    before = pid(folder / "run", "only")
    with socket.create_server((LOOPBACK, 0)) as server:
        moved = web("only", folder, port=server.getsockname()[1])

        with pytest.raises(PortsTaken, match="only needs it"):
            up(stack(folder, moved))

    assert pid(folder / "run", "only") == before
    assert answers(part)


def test_a_supervisor_that_cannot_be_started_is_quoted_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, sockets = tmp_path / ("long" * 30), tmp_path / "s"
    sockets.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(sockets))
    folder.mkdir()
    (folder / "logs").mkdir()
    (folder / "logs/supervisord.log").mkdir()

    with pytest.raises(StackError, match=r"supervisord does not start:\n(.*\n)?.*logs/supervisord\.log"):
        up(stack(folder, web("only", folder)))

    assert list(sockets.iterdir()) == []
    assert process.belonging_to(folder / "run") == set()


def test_a_stack_whose_supervisor_was_killed_says_so_and_up_recovers(folder: Path) -> None:
    part = web("only", folder)
    up(stack(folder, part))
    old = pid(folder / "run", "only")
    _kill_supervisor(folder)

    assert row(folder / "run", SUPERVISOR).state is State.STOPPED
    assert row(folder / "run", "only").state is State.UNSUPERVISED
    steps: list[str] = []
    up(stack(folder, part), steps.append)

    assert f"stopping what a killed supervisor left behind: pid {old}" in steps
    assert row(folder / "run", "only").state is State.READY
    assert pid(folder / "run", "only") != old


def test_down_finds_and_stops_what_a_killed_supervisor_left_behind(folder: Path) -> None:
    part = web("only", folder)
    up(stack(folder, part))
    _kill_supervisor(folder)
    assert answers(part)

    assert down(folder / "run") is True

    assert process.belonging_to(folder / "run") == set()
    assert not answers(part)


def test_down_finds_orphans_even_when_the_run_folder_lost_its_records(folder: Path) -> None:
    part = web("only", folder)
    up(stack(folder, part))
    _kill_supervisor(folder)
    for record in [*(folder / "run").glob("*.json"), *(folder / "run/parts").iterdir()]:
        record.unlink()

    down(folder / "run")

    assert not answers(part)


def test_a_supervisor_that_hangs_is_replaced(folder: Path) -> None:
    part = web("only", folder)
    up(stack(folder, part))
    supervising = RunFolder(folder / "run").supervising()
    assert supervising is not None
    supervising.socket.unlink()

    up(stack(folder, part))

    assert row(folder / "run", SUPERVISOR).pid != supervising.process.pid
    assert not supervising.process.alive()
    assert answers(part)


def test_children_of_a_part_end_with_it(folder: Path) -> None:
    served = web("only", folder)
    child = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    parent = type(served)(
        "parent", (sys.executable, "-I", "-c", child, *served.argv), folder, served.ready_url, served.ports
    )
    up(stack(folder, parent))
    assert answers(served)

    down(folder / "run")

    assert not answers(served)


def test_two_ups_at_once_start_one_stack(folder: Path) -> None:
    wanted = stack(folder, web("first", folder), web("second", folder))
    errors: list[BaseException] = []

    def bring() -> None:
        try:
            up(wanted)
        except BaseException as fault:  # noqa: BLE001 - shown below
            errors.append(fault)

    threads = [threading.Thread(target=bring) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len(process.belonging_to(folder / "run")) == 3


def test_paths_may_hold_what_means_something_to_a_shell_or_to_the_supervisor(tmp_path: Path) -> None:
    folder = tmp_path / "a b %(x)s ;c #d 'e' \"f\" $g"
    folder.mkdir()
    part = web("only", folder, says="100 % ; # \" ' $HOME", env={"WITH": "%(x)s ;y"})
    try:
        up(stack(folder, part))
        assert said(part) == "100 % ; # \" ' $HOME"
        assert b"WITH=%(x)s ;y" in Path(f"/proc/{pid(folder / 'run', 'only')}/environ").read_bytes()
    finally:
        down(folder / "run")


def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    part = web("only", folder)
    try:
        up(stack(folder, part))
        supervising = RunFolder(folder / "run").supervising()
        assert supervising is not None
        assert len(str(supervising.socket)) < 100
        assert stat.S_IMODE(supervising.socket.parent.stat().st_mode) == 0o700
    finally:
        down(folder / "run")
    assert not supervising.socket.parent.exists()


def test_nobody_else_can_read_the_run_folder_or_talk_to_the_supervisor(folder: Path) -> None:
    up(stack(folder, web("only", folder, env={"SECRET": "s"})))

    supervising = RunFolder(folder / "run").supervising()
    assert supervising is not None
    assert stat.S_IMODE(supervising.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "run").stat().st_mode) == 0o700
    for spec in (folder / "run/parts").iterdir():
        assert stat.S_IMODE(spec.stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "logs/only.log").stat().st_mode) == 0o600


def test_a_record_of_another_process_with_the_same_pid_is_not_believed(folder: Path) -> None:
    up(stack(folder, web("only", folder)))
    down(folder / "run")
    innocent = subprocess.Popen([sys.executable, "-I", "-c", "input()"], stdin=subprocess.PIPE)
    try:
        known = process.identity(innocent.pid)
        assert known is not None
        record = {"pid": known.pid, "ticks": known.ticks - 1, "boot": known.boot, "starts": 1}
        (folder / "run/parts/only.started").write_text(json.dumps(record))

        down(folder / "run")

        assert innocent.poll() is None
    finally:
        innocent.communicate(b"\n")


def _kill_supervisor(folder: Path) -> None:
    supervising = RunFolder(folder / "run").supervising()
    assert supervising is not None
    os.kill(supervising.process.pid, signal.SIGKILL)
    eventually(lambda: not supervising.process.alive())
