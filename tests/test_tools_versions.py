"""What the binaries answer to `--version`."""

from __future__ import annotations

import pytest

from featurewatch.tools.versions import Version, printed


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "prometheus",
            "prometheus, version 3.5.3+ds1 (branch: debian/sid)\n  go1.27",
            Version(3, 5, 3),
        ),
        ("promtool", "promtool, version 3.5.0 (branch: HEAD, revision: 8be3a9560)", Version(3, 5, 0)),
        ("alertmanager", "some warning first\nalertmanager, version 0.28.1 (branch: HEAD)", Version(0, 28, 1)),
        ("node_exporter", "node_exporter, version v1.8 (branch: HEAD)", Version(1, 8, 0)),
        ("prometheus", "prometheus, version 3.6.0-rc.1 (branch: HEAD)", Version(3, 6, 0, pre_release=True)),
        ("prometheus", "prometheus, version 3.6.0~rc.1+ds (branch: debian/sid)", Version(3, 6, 0, pre_release=True)),
    ],
)
def test_the_version_is_read_from_what_is_printed(name: str, text: str, expected: Version) -> None:
    assert printed(name, text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "promtool, version 3.5.0", "prometheus: command needs a file", "prometheus, version unknown"],
)
def test_a_stranger_has_no_version(text: str) -> None:
    assert printed("prometheus", text) is None


def test_versions_are_ordered_by_number_not_by_spelling() -> None:
    assert Version(3, 5) < Version(3, 10) < Version(4, 0)
    assert Version(0, 28, 9) < Version(0, 28, 10)
    assert not Version(3, 5, 0) < Version(3, 5)


def test_a_pre_release_is_older_than_its_release() -> None:
    assert Version(3, 4, 9) < Version(3, 5, 0, pre_release=True) < Version(3, 5, 0)
