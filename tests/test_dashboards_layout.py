"""Rows of panels find their places in the grid."""

from __future__ import annotations

from grafanalib import core as grafana
from hypothesis import given
from hypothesis import strategies as st

from featurewatch.dashboards.layout import COLUMNS, line, place, row

LINES = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12), st.integers(1, 24)), max_size=5)


def panels(count: int) -> list[grafana.Text]:
    return [grafana.Text(title=f"panel {number}") for number in range(count)]


@given(LINES)
def test_every_panel_gets_a_place_inside_the_grid_that_is_its_own(lines: list[tuple[int, int, int]]) -> None:
    placed = place([row("a row", *(line(*panels(count), height=height, most=most) for count, height, most in lines))])
    assert len(placed) == 1 + sum(count for count, _, _ in lines)
    taken: set[tuple[int, int]] = set()
    for panel in placed:
        spot = panel.gridPos
        cells = {(x, y) for x in range(spot.x, spot.x + spot.w) for y in range(spot.y, spot.y + spot.h)}
        assert cells
        assert not cells & taken
        assert 0 <= spot.x < spot.x + spot.w <= COLUMNS
        taken |= cells
    bottom = max(y for _, y in taken)
    assert taken == {(x, y) for x in range(COLUMNS) for y in range(bottom + 1)}, "the grid has holes"


def test_panels_that_do_not_fit_on_one_line_are_spread_evenly() -> None:
    placed = place([row("a row", line(*panels(9), height=4, most=5))])[1:]
    assert [(panel.gridPos.y, panel.gridPos.w) for panel in placed] == [(1, 6)] * 4 + [
        (5, width) for width in (4, 5, 5, 5, 5)
    ]


def test_ids_follow_the_reading_order() -> None:
    placed = place([row("one", line(*panels(2))), row("two", line(*panels(1)))])
    assert [(panel.id, panel.title) for panel in placed] == [
        (1, "one"),
        (2, "panel 0"),
        (3, "panel 1"),
        (4, "two"),
        (5, "panel 0"),
    ]
