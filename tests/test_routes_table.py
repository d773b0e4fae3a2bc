from __future__ import annotations

from pathlib import Path

import pytest
from tests import routing

from featurewatch.amtool import Amtool
from featurewatch.faults import Faulty
from featurewatch.objectives import load
from featurewatch.routes import table
from featurewatch.rules.build import groups
from featurewatch.rules.plan import plan
from featurewatch.tools.toolbox import Tools


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return routing.write_configuration(tmp_path / "alertmanager", plan(routing.declared()))


def _table(tmp_path: Path, text: str) -> table.Table:
    path = tmp_path / "routes.yaml"
    path.write_text(text, encoding="utf-8")
    return table.load(path)


@pytest.mark.parametrize("name", ["routes.yaml", "alerts.yaml"])
def test_the_generated_configuration_routes_as_the_table_says(tools: Tools, tmp_path: Path, name: str) -> None:
    config = routing.write_configuration(tmp_path / "alertmanager", plan(load(routing.ROOT / "objectives.yaml")))
    assert table.run(table.load(routing.ROUTES.parent / name), config, Amtool(tools.amtool.path)) == ()


def test_every_alert_of_the_catalogue_has_a_row() -> None:
    alerts = [
        (alert.name, alert.labels["severity"]) for group in groups(plan(routing.declared())) for alert in group.alerts
    ]
    assert len(alerts) > 5
    written, made = table.load(routing.ROUTES), table.load(routing.ROUTES.parent / "alerts.yaml")
    assert table.uncovered(table.Table("both", (*written.rows, *made.rows)), alerts) == ()


def test_an_alert_without_a_row_is_named() -> None:
    (fault,) = table.uncovered(table.load(routing.ROUTES), [("Watchdog", "none"), ("NewAlert", "high")])
    assert fault.what == "no row for NewAlert of severity high"


def test_a_row_that_goes_elsewhere_is_told_with_its_line(tools: Tools, config: Path, tmp_path: Path) -> None:
    wrong = _table(
        tmp_path,
        "# a comment\n- name: mistaken\n  labels: {severity: critical}\n  receivers: [high]\n"
        "- name: right\n  labels: {severity: high}\n  receivers: [high]\n",
    )
    (fault,) = table.run(wrong, config, Amtool(tools.amtool.path))
    assert (fault.line, fault.what, fault.remedy) == (2, "mistaken: goes to critical", "expected high")


def test_a_row_whose_receiver_lacks_a_channel_is_told(tools: Tools, config: Path, tmp_path: Path) -> None:
    wrong = _table(tmp_path, "- {name: loud, labels: {severity: medium}, receivers: [medium], channels: [slack]}\n")
    (fault,) = table.run(wrong, config, Amtool(tools.amtool.path))
    assert (fault.what, fault.remedy) == ("loud: speaks to email", "expected slack")


def test_labels_are_values_whatever_they_hold(tools: Tools, config: Path) -> None:
    odd = {
        "alertname": 'a="b",c',
        "service": "--verify.receivers=nobody",
        "severity": 'cri"tical\\',
        "extractor": "ä\n",
    }
    assert Amtool(tools.amtool.path).route(config, odd).receivers == ("high",)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not a list"),
        ("name: x", "not a list"),
        ("- just text", "not a row"),
        ("- {labels: {}, receivers: [high]}", "no name"),
        ("- {name: x, labels: {severity: 5}, receivers: [high]}", "labels are not text"),
        ("- {name: x, labels: {}}", "no list of receivers"),
        ("- {name: x, labels: {}, receivers: [high], channels: [fax]}", "channels are not among"),
        ("- {name: x, labels: {}, receivers: [high], chanels: [email]}", "unknown key chanels"),
        ("- [", "cannot be read"),
    ],
)
def test_a_malformed_table_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(Faulty) as refused:
        _table(tmp_path, text)
    assert complaint in refused.value.faults[0].what
