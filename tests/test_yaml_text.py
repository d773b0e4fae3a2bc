"""Generated YAML: readable, deterministic, and read back as what was written."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from featurewatch.yaml_text import dump

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(documents)
def test_what_is_written_is_read_back(document: object) -> None:
    assert yaml.safe_load(dump(document)) == document


def test_keys_keep_their_order_and_lists_stand_below_their_key() -> None:
    assert dump({"b": [1, {"y": 2, "x": 3}], "a": "z"}) == "b:\n  - 1\n  - y: 2\n    x: 3\na: z\n"


def test_text_of_several_lines_stands_as_it_is() -> None:
    assert dump({"expr": "a\nand\nb"}) == "expr: |-\n  a\n  and\n  b\n"


def test_a_long_expression_is_not_folded() -> None:
    long = "a + " * 100 + "a"

    assert dump({"expr": long}) == f"expr: {long}\n"


def test_the_same_object_twice_is_written_twice() -> None:
    shared = {"severity": "high"}

    assert "&" not in dump([shared, shared])


def test_a_header_becomes_a_comment_and_changes_nothing() -> None:
    text = dump({"a": 1}, "made by x\n\ndo not edit")

    assert text.startswith("# made by x\n#\n# do not edit\n")
    assert yaml.safe_load(text) == {"a": 1}


def test_words_that_yaml_takes_for_something_else_stay_words() -> None:
    words = ["no", "1e3", "0x10", "2026-01-01", "~", "", "- a", "#x", "{a}"]

    assert yaml.safe_load(dump(words)) == words
