from __future__ import annotations

import json
from pathlib import Path

from featurewatch.commands.tools import source
from featurewatch.tools import catalogue
from featurewatch.tools.locate import Found
from featurewatch.tools.versions import Version


def _found(path: Path) -> Found:
    return Found(catalogue.AMTOOL, path, Version(0, 33, 1))


def _fetched(folder: Path) -> Path:
    package = folder / "debian/prometheus-alertmanager"
    package.mkdir(parents=True)
    manifest = {
        "package": "prometheus-alertmanager",
        "version": "0.33.1-5",
        "sha256": "",
        "fetched": "",
        "repository": "",
    }
    (package / "manifest.json").write_text(json.dumps(manifest))
    return package / "usr/bin/amtool"


def test_a_fetched_binary_comes_from_its_package_of_that_version(tmp_path: Path) -> None:
    assert source(_found(_fetched(tmp_path)), tmp_path) == "Debian's prometheus-alertmanager 0.33.1-5"


def test_a_package_without_its_manifest_is_told_as_such(tmp_path: Path) -> None:
    path = _fetched(tmp_path)
    (tmp_path / "debian/prometheus-alertmanager/manifest.json").unlink()
    assert source(_found(path), tmp_path) == "Debian's prometheus-alertmanager (manifest.json is gone)"


def test_a_binary_in_the_folder_for_those_put_there_by_hand(tmp_path: Path) -> None:
    assert source(_found(tmp_path / "bin/amtool"), tmp_path) == "put there by hand"


def test_any_other_binary_was_on_path(tmp_path: Path) -> None:
    assert source(_found(Path("/usr/bin/amtool")), tmp_path) == "PATH"
