"""Finding binaries: real executables in real folders."""

from __future__ import annotations

from pathlib import Path

from featurewatch.tools import catalogue, locate
from featurewatch.tools.locate import Found, Refused
from featurewatch.tools.versions import Version


def executable(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def says(name: str, version: str) -> str:
    return f"echo '{name}, version {version} (branch: HEAD)'"


def test_the_first_new_enough_binary_is_taken(tmp_path: Path) -> None:
    old = executable(tmp_path / "a", "prometheus", says("prometheus", "2.42.0"))
    good = executable(tmp_path / "b", "prometheus", says("prometheus", "3.5.0"))
    executable(tmp_path / "c", "prometheus", says("prometheus", "3.9.0"))

    found, refused = locate.locate(catalogue.PROMETHEUS, [tmp_path / "a", tmp_path / "b", tmp_path / "c"])

    assert found == Found(catalogue.PROMETHEUS, good, Version(3, 5))
    assert refused == (Refused(catalogue.PROMETHEUS, old, "version 2.42.0 is older than 3.5.0"),)


def test_debian_calls_some_of_them_differently(tmp_path: Path) -> None:
    path = executable(tmp_path, "prometheus-alertmanager", says("alertmanager", "0.33.1"))

    found, _ = locate.locate(catalogue.ALERTMANAGER, [tmp_path])

    assert found is not None
    assert found.path == path


def test_an_answer_on_standard_error_counts(tmp_path: Path) -> None:
    path = executable(tmp_path, "amtool", says("amtool", "0.30.0") + " >&2; exit 1")

    assert locate.examine(catalogue.AMTOOL, path) == Found(catalogue.AMTOOL, path, Version(0, 30))


def test_a_stranger_by_the_same_name_is_passed_over(tmp_path: Path) -> None:
    path = executable(tmp_path, "prometheus", "echo 'I am a film player 7.0'")

    verdict = locate.examine(catalogue.PROMETHEUS, path)

    assert isinstance(verdict, Refused)
    assert verdict.reason == "does not say that it is prometheus; --version answers: I am a film player 7.0"


def test_a_binary_that_never_answers_is_passed_over(tmp_path: Path) -> None:
    path = executable(tmp_path, "prometheus", "exec sleep 60")

    verdict = locate.examine(catalogue.PROMETHEUS, path, seconds=0.2)

    assert isinstance(verdict, Refused)
    assert verdict.reason == "does not answer --version within 0.2 s"


def test_a_file_for_another_machine_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "prometheus"
    path.write_bytes(b"\x7fELF\x02\x01\x01" + b"\0" * 100)
    path.chmod(0o755)

    verdict = locate.examine(catalogue.PROMETHEUS, path)

    assert isinstance(verdict, Refused)
    assert verdict.reason.startswith("cannot be run: ")


def test_path_comes_first_then_what_was_put_by_hand_then_what_was_fetched(tmp_path: Path) -> None:
    (tmp_path / "tools/debian/promtool/usr/bin").mkdir(parents=True)

    places = locate.folders(tmp_path / "tools", search_path="/one:/two")

    assert places == (
        Path("/one"),
        Path("/two"),
        tmp_path / "tools/bin",
        tmp_path / "tools/debian/promtool/usr/bin",
    )
