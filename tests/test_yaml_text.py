from __future__ import annotations

from typing import Any

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from featurewatch.yaml_text import dump

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
@example({"\x85": "a\u2028b\r\nc \n"})
def test_what_is_written_is_read_back_the_same(value: Any) -> None:
    assert yaml.safe_load(dump(value)) == value


def test_it_reads_as_a_person_would_write_it() -> None:
    data = {"groups": [{"name": "b", "expr": "a\n  / b\n"}], "after": {"x": "y" * 200}}
    assert dump(data, "made from\n\nelsewhere") == (
        "# made from\n#\n# elsewhere\n"
        "groups:\n  - name: b\n    expr: |\n      a\n        / b\n"
        f"after:\n  x: {'y' * 200}\n"
    )


def test_a_value_that_stands_twice_is_written_twice() -> None:
    shared = ["x"]
    assert "&" not in dump({"a": shared, "b": shared})
