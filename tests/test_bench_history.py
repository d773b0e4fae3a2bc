"""The past of many extractors, made of one: what promtool takes and Prometheus can be asked."""

from __future__ import annotations

from pathlib import Path

from featurewatch import names
from featurewatch.bench import history
from featurewatch.bench.history import Past, Sample
from featurewatch.bench.viewers import Question, Watching, asked_by, path_of
from featurewatch.tools.toolbox import Tools

PAST = Past(1_000_000, 1_000_060, 10)
SERIES = [
    Sample({"__name__": "x_count", names.EXTRACTOR: "a", "odd": 'quote " and \\'}, 2.0),
    Sample({"__name__": "of_nobody"}, 7.0),
]


def test_each_series_of_the_one_extractor_is_copied_for_all_and_the_rest_is_not(tmp_path: Path) -> None:
    assert history.write(SERIES, 3, PAST, tmp_path / "past.txt") == 3 + 1
    lines = (tmp_path / "past.txt").read_text().splitlines()
    assert lines[-1] == "# EOF"
    assert sum(line.startswith("of_nobody") for line in lines) == len(PAST.times)
    of_one = [float(line.split()[-2]) for line in lines if 'extractor="extractor-1"' in line]
    assert of_one == sorted(of_one)
    assert of_one[0] == 0


def test_promtool_makes_blocks_of_it(tools: Tools, tmp_path: Path) -> None:
    history.write(SERIES, 2, PAST, tmp_path / "past.txt")
    history.blocks(tools.promtool.path, tmp_path / "past.txt", tmp_path / "data")
    assert list((tmp_path / "data").glob("*/meta.json"))


def test_a_viewer_asks_with_every_variable_filled_in() -> None:
    target = {"expr": 'rate(x{extractor=~"$extractor"}[$__rate_interval])'}
    variable = {"name": "extractor", "current": {"value": "$__all"}, "allValue": ".*"}
    board = {"title": "B", "panels": [{"title": "P", "targets": [target]}], "templating": {"list": [variable]}}
    assert asked_by(board) == [Question("P", False, 'rate(x{extractor=~".*"}[60s])')]
    assert asked_by(board, {"extractor": "a"})[0].expr == 'rate(x{extractor=~"a"}[60s])'


def test_who_looks_at_now_leaves_the_moment_to_prometheus_and_who_looks_at_the_past_names_it() -> None:
    question = Question("P", True, "up")
    assert path_of(question, Watching(1, 1, 5.0), 1000.0) == "/api/prom/api/v1/query?query=up"
    assert path_of(question, Watching(1, 1, 5.0, ago=100.0), 1000.0).endswith("query=up&time=900")
