"""Fetching with the real apt: from a small signed archive on disk, and once from Debian itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.debian_archive import Key, build_package, publish

from featurewatch.tools import fetch as fetching
from featurewatch.tools import toolbox
from featurewatch.tools.errors import ToolError
from featurewatch.tools.fetch import fetch, fetched_packages
from featurewatch.tools.private_apt import PrivateApt, configuration
from featurewatch.tools.toolbox import Tools, provide

_NOW = datetime.now(UTC)
_YESTERDAY = _NOW - timedelta(days=1)
PACKAGES = {
    "prometheus": ("3.5.3+ds1-6", {"usr/bin/prometheus": "prometheus, version 3.5.3+ds1"}),
    "promtool": ("3.5.3+ds1-6", {"usr/bin/promtool": "promtool, version 3.5.3+ds1"}),
    "prometheus-alertmanager": (
        "0.33.1-5",
        {"usr/bin/prometheus-alertmanager": "alertmanager, version 0.33.1", "usr/bin/amtool": "amtool, version 0.33.1"},
    ),
    "prometheus-node-exporter": (
        "1.11.1-3",
        {"usr/bin/prometheus-node-exporter": "node_exporter, version 1.11.1"},
    ),
}

pytestmark = pytest.mark.skipif(
    shutil.which("apt-get") is None and not os.environ.get("CI"), reason="this machine has no apt"
)


@pytest.fixture(scope="session")
def key() -> Key:
    return Key.make()


class Archive:
    """A signed archive and the way to fetch from it."""

    def __init__(self, folder: Path, key: Key) -> None:
        self.folder = folder
        self.root = folder / "archive"
        self.tools = folder / "tools"
        self.key = key
        self.keyring = folder / "keyring.gpg"
        self.keyring.write_bytes(key.keyring())
        self.packages = [
            build_package(folder, name, version, {path: f"#!/bin/sh\necho '{says}'\n" for path, says in files.items()})
            for name, (version, files) in PACKAGES.items()
        ]
        self.url = publish(self.root, self.packages, key, _YESTERDAY)
        self.fetches: list[tuple[str, ...]] = []

    def apt(self, folder: Path) -> PrivateApt:
        return PrivateApt(folder, self.url, self.keyring)

    def fetch(self, packages: tuple[str, ...], folder: Path, say: Callable[[str], None]) -> object:
        self.fetches.append(packages)
        return fetch(packages, folder, say, self.apt)

    def provide(self, say: Callable[[str], None] = lambda _: None, search_path: str = "/nonexistent") -> Tools:
        return provide(self.tools, say, search_path, self.fetch)


@pytest.fixture
def archive(tmp_path: Path, key: Key) -> Archive:
    return Archive(tmp_path, key)


def test_what_is_missing_is_fetched_verified_and_recorded(archive: Archive) -> None:
    lines: list[str] = []

    tools = archive.provide(lines.append)

    assert [str(found.version) for found in tools.all()] == ["3.5.3", "3.5.3", "0.33.1", "0.33.1", "1.11.1"]
    assert lines[0] == f"fetching {', '.join(PACKAGES)} from {archive.url}"
    assert lines[1].startswith("fetched prometheus 3.5.3+ds1-6 (sha256 ")
    recorded = {entry.package: entry for entry in fetched_packages(archive.tools)}
    assert set(recorded) == set(PACKAGES)
    digest = subprocess.run(["sha256sum", archive.packages[0]], capture_output=True, text=True, check=True).stdout
    assert recorded["prometheus"].sha256 == digest.split()[0]
    assert datetime.fromisoformat(recorded["prometheus"].fetched).tzinfo is not None


def test_nothing_is_fetched_twice(archive: Archive) -> None:
    archive.provide()
    shutil.rmtree(archive.root)

    archive.provide()

    assert len(archive.fetches) == 1


def test_only_the_packages_of_what_is_missing_are_fetched(archive: Archive) -> None:
    archive.provide()
    shutil.rmtree(archive.tools / "debian/promtool")

    archive.provide()

    assert archive.fetches[1:] == [("promtool",)]


def test_what_became_too_old_is_replaced(archive: Archive) -> None:
    archive.provide()
    old = archive.tools / "debian/prometheus/usr/bin/prometheus"
    old.write_text("#!/bin/sh\necho 'prometheus, version 3.4.0'\n")

    tools = archive.provide()

    assert archive.fetches[1:] == [("prometheus",)]
    assert str(tools.prometheus.version) == "3.5.3"
    assert {path.name for path in archive.tools.iterdir()} == {"debian", "lock"}


def test_what_is_on_path_is_not_fetched(archive: Archive) -> None:
    archive.provide()
    on_path = archive.folder / "path"
    on_path.mkdir()
    for binary in archive.tools.glob("debian/*/usr/bin/*"):
        shutil.copy2(binary, on_path)
    shutil.rmtree(archive.tools)

    tools = archive.provide(search_path=str(on_path))

    assert {found.path.parent for found in tools.all()} == {on_path}
    assert len(archive.fetches) == 1


def test_several_at_once_fetch_once(archive: Archive) -> None:
    results: list[Tools] = []
    threads = [threading.Thread(target=lambda: results.append(archive.provide())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 3
    assert len(archive.fetches) == 1


def test_an_index_beyond_its_date_is_taken_for_a_year(archive: Archive) -> None:
    """What a frozen or seldom updated mirror serves; its signature is verified all the same."""
    publish(archive.root, archive.packages, archive.key, _NOW - timedelta(days=300))
    archive.provide()
    assert len(fetched_packages(archive.tools)) == len(PACKAGES)


def test_an_index_older_than_a_year_is_refused(archive: Archive) -> None:
    publish(archive.root, archive.packages, archive.key, _NOW - timedelta(days=380))
    with pytest.raises(ToolError, match="expired"):
        archive.provide()


def test_an_index_signed_by_a_stranger_is_refused_and_nothing_is_kept(archive: Archive) -> None:
    publish(archive.root, archive.packages, Key.make(), _YESTERDAY)

    with pytest.raises(ToolError, match=r"(?i)NO_PUBKEY|not signed|Missing key") as caught:
        archive.provide()

    assert "fetching from Debian did not work" in str(caught.value)
    assert {path.name for path in archive.tools.iterdir()} == {"lock"}


def test_an_unsigned_index_is_refused(archive: Archive) -> None:
    signed = archive.root / "dists/forky/InRelease"
    signed.with_name("Release").write_text(signed.read_text().split("\n\n")[1].split("-----BEGIN PGP SIG")[0])
    signed.unlink()

    with pytest.raises(ToolError, match="not signed"):
        archive.provide()


def test_a_changed_package_is_refused_and_nothing_is_kept(archive: Archive) -> None:
    package = archive.root / "pool" / archive.packages[1].name
    package.write_bytes(package.read_bytes()[:-1] + b"!")

    with pytest.raises(ToolError, match=r"(?i)hash|size|corrupt"):
        archive.provide()

    assert fetched_packages(archive.tools) == []
    assert {path.name for path in archive.tools.iterdir()} == {"lock"}


def test_a_package_that_the_suite_lost_is_named(archive: Archive) -> None:
    publish(archive.root, archive.packages[:1], archive.key, _YESTERDAY)
    with pytest.raises(ToolError, match="Unable to locate package promtool"):
        archive.provide()


def test_a_suite_that_moved_to_something_too_old_is_told_clearly(archive: Archive) -> None:
    script = {"usr/bin/promtool": "#!/bin/sh\necho 'promtool, version 3.4.1'\n"}
    older = build_package(archive.folder, "promtool", "3.4.1-1", script)
    publish(archive.root, [archive.packages[0], older, *archive.packages[2:]], archive.key, _YESTERDAY)

    with pytest.raises(ToolError) as caught:
        archive.provide()

    message = str(caught.value)
    assert "missing:\n  promtool 3.5.0 or newer\npassed over:" in message
    assert "promtool/usr/bin/promtool: version 3.4.1 is older than 3.5.0" in message


def test_a_c_library_that_is_too_old_is_told_before_anything_is_kept(archive: Archive) -> None:
    script = {"usr/bin/promtool": "#!/bin/sh\n"}
    newer = build_package(archive.folder, "promtool", "3.6-1", script, depends="libc6 (>= 9.99)")
    publish(archive.root, [*archive.packages, newer], archive.key, _YESTERDAY)

    with pytest.raises(ToolError, match=r"promtool needs the GNU C library 9\.99 or newer; this machine has \d"):
        archive.provide()

    assert fetched_packages(archive.tools) == []


def test_without_a_way_to_the_mirror_the_message_says_how_to_supply_the_binaries(archive: Archive) -> None:
    archive.url = f"file://{archive.folder}/nowhere"

    with pytest.raises(ToolError) as caught:
        archive.provide()

    message = str(caught.value)
    assert message.startswith("missing:\n  prometheus 3.5.0 or newer\n  promtool 3.5.0 or newer\n")
    assert archive.url in message
    assert "install them so that they are on PATH" in message
    assert f"put the binaries into {archive.tools / 'bin'}" in message
    assert "FEATUREWATCH_DEBIAN_MIRROR" in message


def test_a_machine_without_debians_keyring_is_told_which_package_has_it(archive: Archive) -> None:
    archive.keyring.unlink()
    with pytest.raises(ToolError, match="install the package debian-archive-keyring"):
        archive.provide()


def test_a_machine_without_apt_is_told_so(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(archive.folder))
    with pytest.raises(ToolError, match="needs Debian's own tools, and apt-get, apt-config, dpkg, dpkg-deb is not on"):
        archive.provide()


def test_what_an_interrupted_run_left_is_cleared_away(archive: Archive) -> None:
    leftover = archive.tools / ".aside-interrupted/unpacked/prometheus/usr/bin"
    leftover.mkdir(parents=True)

    archive.provide()

    assert not (archive.tools / ".aside-interrupted").exists()


def test_the_machines_own_apt_is_neither_read_for_trust_nor_written(tmp_path: Path) -> None:
    text = configuration(
        tmp_path, tmp_path / "private.sources", 'Acquire::http::Proxy "http://proxy.example";\n', False
    )

    assert text.startswith('Acquire::http::Proxy "http://proxy.example";\n')
    settings = dict(line.rstrip(";").split(" ", 1) for line in text.splitlines())
    for name in ("Dir::State", "Dir::State::status", "Dir::Cache", "Dir::Etc", "Dir::Etc::SourceList", "Dir::Log"):
        assert settings[name].strip('"').startswith(str(tmp_path)), name
    assert settings["Dir::Etc::SourceParts"] == '"/dev/null"'
    assert "APT::Sandbox::User" not in text
    assert "Check-Valid-Until" not in text


def test_a_password_in_the_mirrors_url_is_not_written_down(archive: Archive) -> None:
    class Apt(PrivateApt):
        def __init__(self, folder: Path) -> None:
            super().__init__(folder, archive.url, archive.keyring)

        def download(self, packages: object) -> dict[str, Path]:
            self.repository = "https://me:secret@mirror.example/debian"
            return {"promtool": archive.packages[1]}

    (entry,) = fetch(["promtool"], archive.tools, apt_in=Apt)

    assert entry.repository == "https://mirror.example/debian"
    assert "secret" not in (archive.tools / "debian/promtool" / fetching.MANIFEST).read_text()


def test_the_real_binaries_are_new_enough_and_what_was_fetched_is_recorded(tools: Tools) -> None:
    for found in tools.all():
        assert found.version >= found.tool.minimum
    for manifest in tools.folder.glob("debian/*/manifest.json"):
        entry = json.loads(manifest.read_text())
        assert entry["package"] == manifest.parent.name
        assert len(entry["sha256"]) == 64


def test_looking_fetches_nothing(tmp_path: Path) -> None:
    have, refused = toolbox.look(tmp_path / "empty", search_path=str(tmp_path))
    assert (have, refused) == ({}, ())
    assert not (tmp_path / "empty").exists()
