"""Every way of starting Debian's Alertmanager, tried with the real one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.native_sample import eventually

from featurewatch.native.ports import LOOPBACK, free_port
from featurewatch.native.readiness import probe
from featurewatch.tools.alertmanager import (
    TEMPLATES,
    Facts,
    InPlace,
    Launch,
    Way,
    alertmanager_command,
    altered_copy,
    choose,
    compare,
    overlay_prefix,
)
from featurewatch.tools.errors import ToolError
from featurewatch.tools.toolbox import Tools

# Its default templates are used, or the configuration would not prove that they were found.
_CONFIGURATION = """
route: {receiver: here}
receivers:
  - name: here
    email_configs: [{to: a@example.org, from: b@example.org, smarthost: "127.0.0.1:1", require_tls: false}]
"""
_NOBODY = 65534


@pytest.fixture
def debian(tools: Tools) -> Path:
    """Debian's build, unpacked; where it is installed, or another build is used, there is nothing to try."""
    own = tools.alertmanager.path.resolve().parent.parent / "share/prometheus/alertmanager"
    if not own.is_dir() or own == TEMPLATES:
        pytest.skip("this machine's Alertmanager is not an unpacked Debian package")
    return tools.alertmanager.path


@contextmanager
def started(launch: Launch, folder: Path, *before: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Alertmanager started this way, and its port; killed at the end if it still runs."""
    folder.mkdir(exist_ok=True)
    (folder / "alertmanager.yaml").write_text(_CONFIGURATION)
    port = free_port()
    arguments = (
        f"--config.file={folder / 'alertmanager.yaml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address={LOOPBACK}:{port}",
        "--cluster.listen-address=",
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*before, *launch.argv, *arguments], cwd=launch.cwd, stdout=log, stderr=log)
        try:
            yield process, port
        finally:
            process.kill()
            process.wait()


def runs_and_stops_by_itself(launch: Launch, folder: Path, *before: str) -> None:
    """It becomes ready, and the signal that stops it reaches Alertmanager itself, not a shell around it."""
    with started(launch, folder, *before) as (process, port):
        eventually(lambda: process.poll() is not None or not probe(f"http://{LOOPBACK}:{port}/-/ready"))
        assert process.poll() is None, (folder / "log").read_text()
        process.send_signal(signal.SIGTERM)
        # It answers before it listens to signals; one that comes between ends it as well, less gracefully.
        assert process.wait(20) in {0, -signal.SIGTERM}
        assert probe(f"http://{LOOPBACK}:{port}/-/ready"), "something still answers: the signal ended a shell around it"


def test_without_its_templates_it_does_not_start_as_it_is(debian: Path, tmp_path: Path) -> None:
    if compare(debian.parent.parent / "share/prometheus/alertmanager", TEMPLATES) is not InPlace.ABSENT:
        pytest.skip("this machine has the templates in place")
    with started(Launch((str(debian),), None, Way.PLAIN, ""), tmp_path) as (process, _):
        assert process.wait(20) == 1
    assert "default.tmpl: no such file or directory" in (tmp_path / "log").read_text()


def test_the_way_chosen_for_this_machine_works(alertmanager_launch: Launch, tmp_path: Path) -> None:
    runs_and_stops_by_itself(alertmanager_launch, tmp_path / "run")


def test_it_runs_with_the_templates_laid_over(debian: Path, tmp_path: Path) -> None:
    try:
        launch = alertmanager_command(debian, tmp_path / "keep", allowed=[Way.OVERLAY])
    except ToolError:
        pytest.skip("this machine allows no mount namespace")
    assert launch.way is Way.OVERLAY
    runs_and_stops_by_itself(launch, tmp_path / "run")


def test_the_overlay_does_not_mind_colons_commas_and_spaces_in_the_path(debian: Path, tmp_path: Path) -> None:
    odd = tmp_path / "a:b, c\\d"
    shutil.copytree(debian.parents[2], odd, symlinks=True)
    try:
        launch = alertmanager_command(odd / "usr/bin" / debian.name, tmp_path / "keep", allowed=[Way.OVERLAY])
    except ToolError:
        pytest.skip("this machine allows no mount namespace")
    runs_and_stops_by_itself(launch, tmp_path / "run")


def test_an_altered_copy_runs_and_the_original_is_untouched(debian: Path, tmp_path: Path) -> None:
    before = debian.read_bytes()

    launch = alertmanager_command(debian, tmp_path / "keep", allowed=[Way.ALTERED])

    assert launch.way is Way.ALTERED
    assert "altered copy" in launch.note
    copy = Path(launch.argv[0])
    assert debian.read_bytes() == before
    assert len(copy.read_bytes()) == len(before)
    assert altered_copy(debian, tmp_path / "keep") == copy
    runs_and_stops_by_itself(launch, tmp_path / "run")


def test_where_namespaces_are_forbidden_the_altered_copy_is_taken(debian: Path, tmp_path: Path) -> None:
    """A child user namespace in which no further namespace may be made stands for such a machine."""
    script = (
        "import sys; from pathlib import Path; from featurewatch.tools.alertmanager import alertmanager_command\n"
        "launch = alertmanager_command(Path(sys.argv[1]), Path(sys.argv[2]), effective_uid=lambda: 1000)\n"
        "print(launch.way.name)"
    )
    forbid = (
        'for kind in user mnt; do echo 0 > /proc/sys/user/max_${kind}_namespaces || exit 99; done; cd "$0" && exec "$@"'
    )
    checkout = Path(__file__).resolve().parent.parent
    answer = subprocess.run(
        [
            *("unshare", "--user", "--map-root-user", "sh", "-c", forbid, str(checkout)),
            *("env", f"PYTHONPATH={checkout / 'exporters'}"),
            *(sys.executable, "-c", script, str(debian), str(tmp_path / "keep")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode == 99 or "unshare" in answer.stderr:
        pytest.skip(f"this machine allows no user namespace at all: {answer.stderr}")
    assert answer.stdout == "ALTERED\n", answer.stderr


def test_root_copies_the_templates_where_nobody_put_any(debian: Path, tmp_path: Path) -> None:
    place = tmp_path / "share/prometheus/alertmanager"

    launch = alertmanager_command(
        debian, tmp_path / "keep", place, allowed=[Way.PLAIN, Way.COPY, Way.ALTERED], effective_uid=lambda: 0
    )

    assert launch.way is Way.COPY
    assert str(place) in launch.note
    own = debian.resolve().parent.parent / "share/prometheus/alertmanager"
    assert compare(own, place) is InPlace.SAME
    again = alertmanager_command(debian, tmp_path / "keep", place, effective_uid=lambda: 0)
    assert again.way is Way.PLAIN


def test_root_leaves_the_templates_of_another_version_alone(debian: Path, tmp_path: Path) -> None:
    place = tmp_path / "share/prometheus/alertmanager"
    place.mkdir(parents=True)
    (place / "default.tmpl").write_text("another version's")

    launch = alertmanager_command(
        debian, tmp_path / "keep", place, allowed=[Way.PLAIN, Way.COPY, Way.ALTERED], effective_uid=lambda: 0
    )

    assert launch.way is Way.ALTERED
    assert (place / "default.tmpl").read_text() == "another version's"


def test_a_build_that_brings_its_templates_along_is_started_as_it_is(tmp_path: Path) -> None:
    binary = tmp_path / "alertmanager"
    binary.write_bytes(b"\x7fELF no path in here")

    assert alertmanager_command(binary, tmp_path) == Launch((str(binary),), None, Way.PLAIN, "")


def test_a_binary_parted_from_its_package_is_told_what_it_lacks(tmp_path: Path) -> None:
    binary = tmp_path / "bin/alertmanager"
    binary.parent.mkdir()
    binary.write_bytes(b"... /usr/share/prometheus/alertmanager ...")

    with pytest.raises(ToolError, match=r"needs default.tmpl and email.tmpl of its package: put them into .*/share/"):
        alertmanager_command(binary, tmp_path, templates=tmp_path / "none/of/these")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(needs_templates=False, in_place=InPlace.ABSENT, overlay_works=False, may_copy=False), Way.PLAIN),
        (Facts(needs_templates=True, in_place=InPlace.SAME, overlay_works=True, may_copy=True), Way.PLAIN),
        (Facts(needs_templates=True, in_place=InPlace.ABSENT, overlay_works=True, may_copy=True), Way.OVERLAY),
        (Facts(needs_templates=True, in_place=InPlace.OTHER, overlay_works=True, may_copy=True), Way.OVERLAY),
        (Facts(needs_templates=True, in_place=InPlace.ABSENT, overlay_works=False, may_copy=True), Way.COPY),
        (Facts(needs_templates=True, in_place=InPlace.OTHER, overlay_works=False, may_copy=True), Way.ALTERED),
        (Facts(needs_templates=True, in_place=InPlace.ABSENT, overlay_works=False, may_copy=False), Way.ALTERED),
    ],
)
def test_the_first_way_that_the_facts_permit_is_taken(facts: Facts, expected: Way) -> None:
    assert choose(facts) is expected


def test_an_ordinary_user_can_start_it(debian: Path, tmp_path: Path) -> None:
    """The overlay in a user namespace of their own, and the altered copy, without any right of root."""
    if os.geteuid() != 0:
        pytest.skip("the other tests ran as an ordinary user already")
    # The package may lie where that user cannot go.
    package = Path("/tmp") / f"featurewatch-test-{os.getpid()}"
    shutil.copytree(debian.parents[2], package, symlinks=True)
    try:
        binary = package / "usr/bin" / debian.name
        own = package / "usr/share/prometheus/alertmanager"
        as_nobody = ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups")
        overlay = Launch((*overlay_prefix(own, TEMPLATES, root=False), str(binary)), None, Way.OVERLAY, "")
        altered = Launch((str(altered_copy(binary, package / "keep")),), own, Way.ALTERED, "")
        allowed = subprocess.run([*as_nobody, *overlay.argv, "--version"], capture_output=True, check=False)
        for launch in (overlay, altered) if allowed.returncode == 0 else (altered,):
            folder = package / f"run-{launch.way.name}"
            folder.mkdir()
            os.chown(folder, _NOBODY, _NOBODY)
            runs_and_stops_by_itself(launch, folder, *as_nobody)
    finally:
        shutil.rmtree(package)
