"""Heat maps, histograms, bars, pies, gauges, rankings and tables, in the house style and in today's JSON."""

from __future__ import annotations

from typing import Any

import attr
import pytest
from grafanalib import core as grafana

from featurewatch.dashboards import charts, quiet
from featurewatch.dashboards.charts import Column
from featurewatch.dashboards.check import vocabulary
from featurewatch.dashboards.check.board import Board
from featurewatch.dashboards.check.schema import check_schema
from featurewatch.dashboards.grafana import normalise
from featurewatch.dashboards.limits import Limits
from featurewatch.dashboards.queries import Query
from featurewatch.objectives.model import Severity

UP = Query("up", "{{job}}")
BUCKETS = Query("sum by (le) (rate(x_bucket[1m]))", exemplar=True)
GOOD = "All. **Good:** level."


def only(panel: Any) -> dict[str, Any]:
    placed = attr.evolve(panel, id=1, gridPos=grafana.GridPos(h=8, w=12, x=0, y=0))
    [found] = normalise(grafana.Dashboard(title="a dashboard", uid="featurewatch-a", panels=[placed]))["panels"]
    return dict(found)


def heatmap() -> dict[str, Any]:
    return only(charts.heatmap("a", BUCKETS, unit="s", description=GOOD, interval="2s"))


def histogram() -> dict[str, Any]:
    return only(charts.histogram("a", [UP], unit="s", description=GOOD, interval="2s"))


def bars() -> dict[str, Any]:
    return only(charts.bar_chart("a", [UP], unit="short", description=GOOD, label="job"))


def pie() -> dict[str, Any]:
    return only(charts.pie("a", [UP], unit="s", description=GOOD))


def gauge() -> dict[str, Any]:
    ladder = Limits("below", ((90.0, Severity.MEDIUM), (70.0, Severity.CRITICAL)))
    return only(charts.gauge("a", UP, description=GOOD, limits=ladder, most=100))


def ranking() -> dict[str, Any]:
    return only(charts.ranking("a", [UP], description=GOOD, span=(0, 1)))


def table() -> dict[str, Any]:
    columns = [
        Column("alertname", "Alert", url="http://runbooks/${__data.fields.Alert}", link="Runbook"),
        Column("Value", "For", unit="s", width=90),
        Column("severity", "Severity", words={"high": ("bad", "red")}, coloured=True),
    ]
    return only(charts.table("a", [UP], columns, description=GOOD, by="For", no_value="nothing"))


EVERY = [heatmap, histogram, bars, pie, gauge, ranking, table]


@pytest.mark.parametrize("make", EVERY)
def test_only_options_that_grafana_knows_are_written(make: Any) -> None:
    assert list(check_schema(Board("out/a.json", {"schemaVersion": 41, "panels": [make()]}))) == []


@pytest.mark.parametrize("make", EVERY)
def test_each_says_what_it_is_while_it_is_empty_and_has_its_unit(make: Any) -> None:
    defaults = make()["fieldConfig"]["defaults"]
    assert defaults["noValue"]
    assert defaults["unit"] in vocabulary.UNITS


@pytest.mark.parametrize("make", EVERY)
def test_thresholds_begin_at_minus_infinity(make: Any) -> None:
    assert make()["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None


def test_a_heat_map_takes_prometheus_buckets_as_they_are() -> None:
    found = heatmap()
    [target] = found["targets"]
    assert (target["format"], target["legendFormat"], target["instant"]) == ("heatmap", "{{le}}", False)
    assert found["options"]["calculate"] is False
    assert found["options"]["yAxis"]["unit"] == "s"
    assert "cards" not in found


def test_exemplars_are_asked_for_where_a_query_has_them() -> None:
    assert heatmap()["targets"][0]["exemplar"] is True
    assert "exemplar" not in histogram()["targets"][0]


def test_bars_are_named_by_their_label_and_hide_the_time() -> None:
    found = bars()
    [target] = found["targets"]
    assert (target["format"], target["instant"]) == ("table", True)
    assert found["options"]["xField"] == "job"
    [organised] = found["transformations"]
    assert organised["options"]["excludeByName"] == {"Time": True}


def test_a_pie_tells_each_part_in_per_cent() -> None:
    options = pie()["options"]
    assert options["legend"]["values"] == ["value", "percent"]
    assert options["legend"]["showLegend"] is True
    assert options["reduceOptions"] == {"calcs": ["lastNotNull"], "fields": "", "values": False}


def test_a_gauge_is_coloured_by_its_limits_and_ends_where_it_should() -> None:
    found = gauge()
    assert [step["color"] for step in found["fieldConfig"]["defaults"]["thresholds"]["steps"]] == [
        "red",
        "yellow",
        "green",
    ]
    assert (found["fieldConfig"]["defaults"]["min"], found["fieldConfig"]["defaults"]["max"]) == (0, 100)
    assert found["options"]["reduceOptions"]["calcs"] == ["lastNotNull"]


def test_a_ranking_has_letters_of_one_size_however_many_bars_there_are() -> None:
    assert ranking()["options"]["text"] == {"titleSize": 13, "valueSize": 20}


def test_a_table_shows_its_columns_in_their_order_and_nothing_else() -> None:
    chosen, organised = table()["transformations"]
    assert chosen == {
        "id": "filterFieldsByName",
        "options": {"include": {"names": ["alertname", "Value", "severity"]}},
    }
    assert organised["options"]["indexByName"] == {"alertname": 0, "Value": 1, "severity": 2}
    assert organised["options"]["renameByName"] == {"alertname": "Alert", "Value": "For", "severity": "Severity"}


def test_a_table_is_sorted_and_its_cells_have_links_words_and_colours() -> None:
    found = table()
    assert found["options"]["sortBy"] == [{"displayName": "For", "desc": True}]
    by_column = {item["matcher"]["options"]: item["properties"] for item in found["fieldConfig"]["overrides"]}
    properties = {name: {item["id"]: item["value"] for item in of} for name, of in by_column.items()}
    assert properties["Alert"]["links"][0]["url"] == "http://runbooks/${__data.fields.Alert}"
    assert properties["For"]["unit"] == "s"
    assert properties["Severity"]["mappings"][0]["options"] == {"high": {"color": "red", "index": 0, "text": "bad"}}
    assert properties["Severity"]["custom.cellOptions"] == {"type": "color-text"}


def test_several_queries_of_a_table_become_one_row_for_each_set_of_labels() -> None:
    found = only(charts.table("a", [UP, UP], [Column("job", "Job")], description=GOOD, no_value="nothing"))
    assert found["transformations"][0] == {"id": "merge", "options": {}}
    assert [target["refId"] for target in found["targets"]] == ["A", "B"]


def test_each_text_of_an_empty_panel_has_a_reason() -> None:
    texts = {value for name, value in vars(quiet).items() if name.startswith("NO_")}
    assert texts == quiet.REASONS.keys()
    assert quiet.reason("no traffic") == ""
