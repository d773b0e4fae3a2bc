"""The images of the example and of the inbox hold all that their commands need: built here without an engine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.compose_file import DEPLOY, ROOT

DOCKERFILE = (DEPLOY / "docker/Dockerfile").read_text(encoding="utf-8")
IGNORE = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


def sent() -> set[str]:
    """What .dockerignore lets through: everything is excluded, then some of it let in again."""
    assert "*" in IGNORE
    return {line.removeprefix("!") for line in IGNORE if line.startswith("!")}


def copied() -> set[str]:
    lines = re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE)
    return {source for line in lines for source in line.split()[:-1]}


def test_what_is_copied_is_there_and_is_sent_to_the_engine() -> None:
    assert copied() == sent()
    for source in copied():
        assert (ROOT / source).exists(), source


def test_neither_data_nor_secrets_are_sent_to_the_engine() -> None:
    assert not any(name.startswith((".", "deploy", "tests")) for name in sent())


def test_the_images_do_not_run_as_root() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    for stage in stages:
        if " AS base" not in stage.splitlines()[0]:
            assert re.search(r"^USER 65534:65534$", stage, re.MULTILINE), stage.splitlines()[0]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working directory of the image, with the package installed as the Dockerfile does, dependencies aside."""
    context = tmp_path_factory.mktemp("context")
    for name in sent():
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, context / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, context / name)
    command = [
        *(sys.executable, "-m", "pip", "--isolated", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-index", "--no-deps", "--no-build-isolation", "--target", "installed", "."),
    ]
    answer = subprocess.run(command, cwd=context, capture_output=True, text=True, timeout=120, check=False)
    assert answer.returncode == 0, answer.stderr
    shutil.rmtree(context / "exporters")  # what is imported below was installed
    return context


def python(image: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # -P keeps the working directory out of the path, as the installed package must stand alone.
    return subprocess.run(
        [sys.executable, "-P", *arguments],
        cwd=image,
        env={"PYTHONPATH": str(image / "installed"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_inbox_can_be_started_from_what_is_installed(image: Path) -> None:
    answer = python(image, "-m", "featurewatch.demo.inbox", "--help")
    assert answer.returncode == 0, answer.stderr
    assert "--allow-remote" in answer.stdout


def test_the_extractor_can_be_made_from_what_is_copied(image: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, 'examples'); import featurewatch, market_features.service as service; "
        "service.create_app(); print(featurewatch.__file__)"
    )
    answer = python(image, "-c", code)
    assert answer.returncode == 0, answer.stderr
    assert str(image / "installed") in answer.stdout


def test_the_versions_that_the_image_installs_are_those_of_the_lock() -> None:
    assert "--constraint requirements.lock '.[demo]'" in DOCKERFILE
    locked = {line.partition("==")[0].lower() for line in (ROOT / "requirements.lock").read_text().splitlines()}
    assert {"fastapi", "uvicorn", "aiosmtpd", "arch", "numpy", "cachetools"} <= locked
