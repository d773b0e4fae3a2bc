"""Which Debian mirror is used."""

from __future__ import annotations

import pytest

from featurewatch.tools import mirror
from featurewatch.tools.mirror import VARIABLE, choose, find, parse


def line(release: str, repository: str, origin: str = "$(ORIGIN)", label: str = "$(LABEL)") -> str:
    return "\t".join(["Packages", "main", release, origin, label, repository])


def test_the_environment_decides_first() -> None:
    assert find({VARIABLE: "https://mirror.example/debian/"}) == "https://mirror.example/debian"


def test_the_main_archive_is_told_from_security_and_from_strangers() -> None:
    targets = parse(
        "\n".join(
            [
                line("nodistro", "https://strangers.example/", ". strangers", "strangers"),
                line("bookworm-security", "https://mirror.example/debian-security/", "Debian", "Debian-Security"),
                line("bookworm", "https://mirror.example/debian/", "Debian", "Debian"),
            ]
        )
    )

    assert choose(targets) == "https://mirror.example/debian"


def test_without_downloaded_lists_the_suite_tells() -> None:
    targets = parse(
        "\n".join(
            [
                line("nodistro", "https://strangers.example/"),
                line("bookworm-security", "https://mirror.example/debian-security/"),
                line("bullseye/updates", "https://mirror.example/debian-security/"),
                line("bookworm-updates", "https://mirror.example/debian/"),
            ]
        )
    )

    assert choose(targets) == "https://mirror.example/debian"


def test_a_disc_and_a_derivative_are_no_mirror() -> None:
    targets = parse(
        "\n".join(
            [
                line("bookworm", "cdrom:[Debian GNU-Linux 12]/"),
                line("noble", "https://mirror.example/other/", "Other", "Other"),
            ]
        )
    )

    assert choose(targets) is None


def test_lines_that_are_not_understood_are_passed_over() -> None:
    assert parse("W: something else\n\n") == []
    assert choose([]) is None


def test_a_machine_without_a_debian_source_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror, "_indextargets", lambda arguments: "")

    with pytest.raises(Exception, match=VARIABLE):
        find({})
