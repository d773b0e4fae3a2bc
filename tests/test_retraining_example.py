"""The example of a model behind the hook: it learns from real prices, and its versions survive."""

from __future__ import annotations

from pathlib import Path

from examples.retraining.model import HELD_BACK, Volatility


def nothing() -> None:
    pass


def test_it_learns_from_what_has_happened_and_is_judged_by_what_came_later(tmp_path: Path) -> None:
    seen = [2_000]
    model = Volatility(tmp_path, lambda sessions: min(seen[0], sessions))
    assert model.samples(0) == 2_000 - HELD_BACK
    model.train(1, nothing)
    assert model.samples(1) == 0
    first = model.loss(1)
    assert 0 < first < 10  # percent squared: a day's move of an index is about one percent
    seen[0] = 3_500
    assert model.samples(1) == 1_500
    model.train(2, nothing)
    # More of the past, judged on the same year, is about as good or better.
    assert model.loss(2) < model.loss(1) * 1.05
    model.deploy(2)
    assert (tmp_path / "used.json").read_text() == '{"version": 2}'
    assert Volatility(tmp_path, lambda _: 3_500).loss(2) == model.loss(2)
