"""The benchmark of the further kinds measures each of them."""

from __future__ import annotations

from featurewatch.bench import hot_path, kinds


def test_every_further_kind_has_a_row() -> None:
    rows = kinds.kind_rows(hot_path.inputs(300), 2)
    assert {row.name for row in rows} >= {kinds.STAGE, kinds.CACHE, kinds.PAIR, kinds.BATCH, kinds.WINDOW}
    assert all(row.goal is not None for row in rows if row.name != kinds.OBSERVED)


def test_every_variant_gives_what_the_bare_call_gives() -> None:
    ways = kinds.variants([])
    assert {name: call(1.0, "cache", None) for name, call in ways.items()} == dict.fromkeys(ways, 1.0)
