"""deploy/docker-compose.yml as its tests read it: with its variables set as `make up` sets them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from featurewatch.tools.compose import provide_compose
from featurewatch.tools.errors import ToolError

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
FILE = DEPLOY / "docker-compose.yml"


def binary() -> Path:
    """The compose plugin; without it a test is skipped, but fails where CI is set."""
    folder = Path(os.environ.get("FEATUREWATCH_TOOLS_DIR") or ROOT / ".featurewatch/tools")
    try:
        return provide_compose(folder).path
    except ToolError as fault:
        if os.environ.get("CI"):
            pytest.fail(str(fault), pytrace=False)
        pytest.skip(str(fault))


def run(compose: Path, *arguments: str, file: Path = FILE, **variables: str) -> subprocess.CompletedProcess[str]:
    """`docker-compose --file FILE …` with nothing in the environment but these variables."""
    return subprocess.run(
        [compose, "--file", file, *arguments],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def resolved(compose: Path, file: Path = FILE, **variables: str) -> dict[str, Any]:
    """The whole as compose understands it."""
    answer = run(compose, "config", "--format", "json", file=file, **variables)
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""  # no warning about a variable that is not set
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def binds(service: Mapping[str, Any]) -> dict[str, Path]:
    """Path in the container to folder on this machine."""
    return {mount["target"]: Path(mount["source"]) for mount in service.get("volumes", ()) if mount["type"] == "bind"}
