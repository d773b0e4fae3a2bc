"""Each promise of the threat model names tests that hold it, and they exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from tests.conftest import CHECKOUT

PAGE = CHECKOUT / "docs/threat-model.md"
ROWS = [
    line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| [NBATDX](, [NBATDX])* \|", line)
]
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def names_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_the_page_promises_something_to_everybody_who_may_attack() -> None:
    letters = {letter for row in ROWS for letter in row.split("|")[1].replace(",", " ").split()}
    assert letters == set(re.findall(r"\(([A-Z])\)", PAGE.read_text(encoding="utf-8")))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row).split("|")[2].strip()[:50])
def test_each_promise_is_held_by_tests_that_exist(row: str) -> None:
    promise, held = row.split("|")[2:4]
    found = NAMED.findall(held)
    assert found, f"no test holds: {promise}"
    for file, name in found:
        assert name in names_in(CHECKOUT / "tests" / file), f"{file} has no {name}"


def test_it_is_one_page() -> None:
    assert len(PAGE.read_text(encoding="utf-8").split()) < 1_100
