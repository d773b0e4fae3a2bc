"""What grafanalib gets wrong for today's Grafana is put right at the edge; one test per fact."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import pytest
from grafanalib import core as grafana

from featurewatch.dashboards.grafana import normalise, write
from featurewatch.dashboards.panel_json import Unsupported, ref_ids

OBJECT = {"type": "prometheus", "uid": "${datasource}"}
PLACE = grafana.GridPos(h=8, w=12, x=0, y=0)
THRESHOLDS = [grafana.Threshold("green", 0, 0.0), grafana.Threshold("red", 1, 80.0)]


def dashboard(*panels: Any, **more: Any) -> dict[str, Any]:
    return normalise(grafana.Dashboard(title="a dashboard", uid="featurewatch-a", panels=list(panels), **more))


def only(panel: Any) -> dict[str, Any]:
    [found] = dashboard(panel)["panels"]
    return dict(found)


def targets(*exprs: str) -> list[grafana.Target]:
    return [grafana.Target(expr=expr) for expr in exprs]


def steps(panel: dict[str, Any]) -> Any:
    return panel["fieldConfig"]["defaults"]["thresholds"]["steps"]


def test_the_schema_version_is_one_that_grafana_does_not_migrate() -> None:
    assert dashboard()["schemaVersion"] >= 39


@pytest.mark.parametrize("key", ["rows", "style", "sharedCrosshair", "hideControls", "__inputs", "gnetId", "id"])
def test_keys_of_old_dashboards_are_gone(key: str) -> None:
    assert key not in dashboard()


@pytest.mark.parametrize("key", ["span", "minSpan", "height", "error", "editable", "cacheTimeout", "hideTimeOverride"])
def test_keys_of_old_panels_are_gone(key: str) -> None:
    assert key not in only(grafana.Stat(title="a", id=1, gridPos=PLACE, targets=targets("up")))


@pytest.mark.parametrize("key", ["metric", "step", "target", "query", "intervalFactor"])
def test_keys_of_old_queries_are_gone(key: str) -> None:
    [target] = only(grafana.Stat(title="a", id=1, gridPos=PLACE, targets=targets("up")))["targets"]
    assert key not in target


def test_the_coarse_default_of_100_points_is_gone_and_a_chosen_number_stays() -> None:
    assert "maxDataPoints" not in only(grafana.TimeSeries(title="a", id=1, gridPos=PLACE, targets=targets("up")))
    chosen = grafana.TimeSeries(title="a", id=1, gridPos=PLACE, targets=targets("up"), maxDataPoints=500)
    assert only(chosen)["maxDataPoints"] == 500


def test_panels_queries_and_variables_get_the_datasource_as_an_object() -> None:
    made = dashboard(
        grafana.Stat(title="a", id=1, gridPos=PLACE, targets=targets("up")),
        templating=grafana.Templating(list=[grafana.Template(name="job", query="label_values(up, job)")]),
    )
    [panel], [variable] = made["panels"], made["templating"]["list"]
    assert panel["datasource"] == panel["targets"][0]["datasource"] == variable["datasource"] == OBJECT


def test_a_datasource_by_name_is_refused_with_what_to_write() -> None:
    with pytest.raises(Unsupported, match=r"panel 'a': datasource 'Prometheus'; write \{\"type\": …, \"uid\": …\}"):
        only(grafana.Stat(title="a", id=1, gridPos=PLACE, dataSource="Prometheus", targets=targets("up")))


def test_queries_without_a_ref_id_get_one_that_is_free() -> None:
    panel = grafana.Stat(
        title="a", id=1, gridPos=PLACE, targets=[*targets("up", "down"), grafana.Target(expr="in", refId="A")]
    )
    assert [target["refId"] for target in only(panel)["targets"]] == ["B", "C", "A"]


def test_there_are_ref_ids_beyond_the_alphabet() -> None:
    names = list(islice(ref_ids(), 800))
    assert names[0] == "A"
    assert names[25:28] == ["Z", "AA", "AB"]
    assert len(set(names)) == 800


def test_a_query_says_whether_it_asks_for_an_instant_or_a_range() -> None:
    asked = [grafana.Target(expr="up", refId="A", instant=True), grafana.Target(expr="up", refId="B")]
    found = only(grafana.Stat(title="a", id=1, gridPos=PLACE, targets=asked))["targets"]
    assert [(target["instant"], target["range"]) for target in found] == [(True, False), (False, True)]


@pytest.mark.parametrize(
    "panel",
    [
        grafana.Stat(title="a", id=1, gridPos=PLACE, targets=targets("up"), thresholds=THRESHOLDS),
        grafana.GaugePanel(title="a", id=1, gridPos=PLACE, targets=targets("up"), thresholds=THRESHOLDS),
        grafana.BarGauge(title="a", id=1, gridPos=PLACE, targets=targets("up"), thresholds=THRESHOLDS),
        grafana.TimeSeries(title="a", id=1, gridPos=PLACE, targets=targets("up"), thresholds=THRESHOLDS),
        grafana.Table(title="a", id=1, gridPos=PLACE, targets=targets("up"), thresholds=THRESHOLDS),
        grafana.StateTimeline(title="a", id=1, gridPos=PLACE, targets=targets("up"), thresholds=THRESHOLDS),
    ],
)
def test_thresholds_are_colour_and_value_and_begin_at_null(panel: Any) -> None:
    assert steps(only(panel)) == [{"color": "green", "value": None}, {"color": "red", "value": 80.0}]


def test_a_stat_without_thresholds_is_not_left_grey() -> None:
    assert steps(only(grafana.Stat(title="a", id=1, gridPos=PLACE, targets=targets("up")))) == [
        {"color": "green", "value": None}
    ]


def test_a_stat_does_not_say_none_where_it_has_no_value() -> None:
    found = only(grafana.Stat(title="a", id=1, gridPos=PLACE, targets=targets("up")))
    assert found["fieldConfig"]["defaults"]["noValue"] == "-"
    assert found["fieldConfig"]["defaults"]["color"] == {"mode": "thresholds"}


def test_a_gauge_keeps_its_reducer_and_its_marks() -> None:
    panel = grafana.GaugePanel(
        title="a", id=1, gridPos=PLACE, targets=targets("up"), calc="max", thresholdLabels=True, format="percentunit"
    )
    found = only(panel)
    assert found["options"]["reduceOptions"] == {"calcs": ["max"], "fields": "", "values": False}
    assert found["options"]["showThresholdLabels"] is True
    assert found["options"]["showThresholdMarkers"] is True
    assert found["fieldConfig"]["defaults"]["unit"] == "percentunit"
    assert found["fieldConfig"].keys() == {"defaults", "overrides"}
    assert "calcs" not in found["fieldConfig"]["defaults"]


def test_a_bar_gauge_keeps_unit_span_reducer_and_look() -> None:
    panel = grafana.BarGauge(
        title="a", id=1, gridPos=PLACE, targets=targets("up"), calc="max", format="s", min=0, max=2, label="name",
        displayMode="gradient", decimals=1,
    )  # fmt: skip
    found = only(panel)
    defaults, options = found["fieldConfig"]["defaults"], found["options"]
    assert {key: defaults[key] for key in ("unit", "min", "max", "displayName", "decimals")} == {
        "unit": "s", "min": 0, "max": 2, "displayName": "name", "decimals": 1,
    }  # fmt: skip
    assert options["reduceOptions"]["calcs"] == ["max"]
    assert options["displayMode"] == "gradient"
    assert "fieldOptions" not in options
    assert "showThresholdLabels" not in options


def test_a_bar_gauge_may_begin_at_zero() -> None:
    defaults = only(grafana.BarGauge(title="a", id=1, gridPos=PLACE, targets=targets("up"), min=0, max=1))
    assert defaults["fieldConfig"]["defaults"]["min"] == 0


def test_a_table_has_cell_options_and_no_display_mode() -> None:
    panel = grafana.Table(title="a", id=1, gridPos=PLACE, targets=targets("up"), displayMode="color-background")
    found = only(panel)
    assert found["fieldConfig"]["defaults"]["custom"]["cellOptions"] == {"type": "color-background"}
    assert found["fieldConfig"]["defaults"]["color"] == {"mode": "thresholds"}
    for key in ("displayMode", "columns", "color", "fontSize", "mappings", "styles"):
        assert key not in found
        assert key not in found["fieldConfig"]["defaults"]["custom"]


def test_a_hidden_legend_is_hidden_the_way_of_today() -> None:
    panel = grafana.TimeSeries(title="a", id=1, gridPos=PLACE, targets=targets("up"), legendDisplayMode="hidden")
    legend = only(panel)["options"]["legend"]
    assert (legend["showLegend"], legend["displayMode"]) == (False, "list")


def test_a_shown_legend_says_so() -> None:
    panel = grafana.TimeSeries(title="a", id=1, gridPos=PLACE, targets=targets("up"), legendCalcs=["max"])
    legend = only(panel)["options"]["legend"]
    assert legend == {"calcs": ["max"], "displayMode": "list", "placement": "bottom", "showLegend": True}


def test_an_alert_list_has_the_options_of_unified_alerting() -> None:
    panel = grafana.AlertList(title="a", id=1, gridPos=PLACE, stateFilter=["alerting"], limit=7, nameFilter="Slow")
    found = only(panel)
    assert found["options"]["stateFilter"]["firing"] is True
    assert found["options"]["stateFilter"]["pending"] is False
    assert found["options"]["maxItems"] == 7
    for key in ("show", "dashboardTags", "onlyAlertsOnDashboard", "limit", "nameFilter"):
        assert key not in found


def test_a_row_has_neither_data_nor_fields() -> None:
    assert only(grafana.RowPanel(title="a", id=1, gridPos=PLACE)) == {
        "collapsed": False,
        "gridPos": {"h": 8, "w": 12, "x": 0, "y": 0},
        "id": 1,
        "panels": [],
        "title": "a",
        "type": "row",
    }


def test_panels_folded_into_a_row_are_put_right_too() -> None:
    inner = grafana.Stat(title="b", id=2, gridPos=PLACE, targets=targets("up"))
    folded = only(grafana.RowPanel(title="a", id=1, gridPos=PLACE, collapsed=True, panels=[inner]))
    assert folded["panels"] == [only(inner)]


@pytest.mark.parametrize(
    "panel",
    [
        grafana.Graph(title="a", id=1, gridPos=PLACE, targets=targets("up")),
        grafana.SingleStat(title="a", id=1, gridPos=PLACE, targets=targets("up")),
    ],
)
def test_panels_that_grafana_dropped_are_refused_with_those_that_live(panel: Any) -> None:
    with pytest.raises(Unsupported, match="take one of alertlist, barchart, bargauge"):
        only(panel)


def test_a_mapping_of_grafana_7_is_refused() -> None:
    old = {"id": 1, "op": "=", "text": "up", "type": 1, "value": "1"}
    with pytest.raises(Unsupported, match="mapping"):
        only(grafana.Stat(title="a", id=1, gridPos=PLACE, targets=targets("up"), mappings=[old]))


def test_panels_have_a_version_so_that_grafana_does_not_take_them_for_its_sixth() -> None:
    assert only(grafana.Stat(title="a", id=1, gridPos=PLACE, targets=targets("up")))["pluginVersion"] >= "12"


def test_a_variable_keeps_only_what_grafana_reads() -> None:
    template = grafana.Template(name="job", query="label_values(up, job)", default="$__all", includeAll=True)
    [variable] = dashboard(templating=grafana.Templating(list=[template]))["templating"]["list"]
    assert variable["query"]["query"] == "label_values(up, job)"
    assert variable["current"]["value"] == "$__all"
    assert not variable.keys() & {"useTags", "tagsQuery", "tagValuesQuery", "auto", "auto_min", "auto_count"}


def test_the_text_is_sorted_indented_and_ends_with_a_newline() -> None:
    text = write(dashboard(grafana.Text(title="≤", id=1, gridPos=PLACE, content="x")))
    assert text.endswith("}\n")
    assert "≤" in text
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=2, ensure_ascii=False) + "\n"
