"""`featurewatch preview`: what it refuses before it starts anything."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from featurewatch.commands import preview
from featurewatch.preview.pictures import BROWSER_VARIABLE, find_browser
from featurewatch.project import Project
from featurewatch.tools.errors import ToolError


def run(root: Path, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    preview.add_arguments(parser)
    state = root / "state"
    return preview.run(Project(root, state, state / "tools", state / "secrets"), parser.parse_args(arguments))


def browser_of_the_test(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something that can be run; it is never reached."""
    monkeypatch.setenv(BROWSER_VARIABLE, "/bin/true")
    (root / "dashboards/out").mkdir(parents=True)


def test_without_dashboards_it_says_how_to_make_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    browser_of_the_test(tmp_path, monkeypatch)
    assert run(tmp_path, "--png", str(tmp_path / "png")) == 2
    assert "make generate" in capsys.readouterr().err


def test_a_dashboard_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    browser_of_the_test(tmp_path, monkeypatch)
    assert run(tmp_path, "--png", str(tmp_path / "png"), "--only", "nobody") == 2
    assert "no dashboard nobody" in capsys.readouterr().err


def test_an_address_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "--prometheus", "localhost:9090") == 2
    assert "give one like http://127.0.0.1:9090" in capsys.readouterr().err


def test_a_browser_that_is_missing_is_said_with_the_remedy() -> None:
    with pytest.raises(ToolError, match="apt install chromium"):
        find_browser({BROWSER_VARIABLE: "/nonexistent/chromium"})
