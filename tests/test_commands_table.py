from __future__ import annotations

import pytest

from featurewatch.commands.table import show


def test_columns_are_aligned_and_nothing_is_shortened(capsys: pytest.CaptureFixture[str]) -> None:
    path = "/a/very" + "/long" * 60
    show(("name", "path", "n"), [("x", path, "1"), ("longer", "/y", "")])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [["name", "path", "n"], ["x", path, "1"], ["longer", "/y"]]
    assert lines[1].index(path) == lines[2].index("/y")
    assert not any(line.endswith(" ") or "\x1b" in line for line in lines)


def test_a_table_without_rows_is_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    show(("a", "b"), [])
    assert capsys.readouterr().out == "a  b\n"
