"""The dashboards in a Grafana, put there and read back. A stand-in answers as Grafana's API is documented."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.dashboards_sample import DASHBOARDS, ROOT, sample_plan
from tests.grafana_stand_in import Grafana, Json, running

from featurewatch import project
from featurewatch.commands import grafana as command
from featurewatch.dashboards import generate
from featurewatch.dashboards.grafana_api import GrafanaApi
from featurewatch.dashboards.provisioning import datasources, differences, provision
from featurewatch.faults import Failure

TOKEN = "glsa_secret"
SOURCES = datasources(ROOT)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return generate(sample_plan(tmp_path_factory.mktemp("objectives")), DASHBOARDS)


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    with running(Grafana(token=TOKEN)) as found:
        yield found


def test_what_was_generated_is_what_grafana_has(grafana: Grafana, files: dict[str, str]) -> None:
    with GrafanaApi(grafana.url, TOKEN) as api:
        assert provision(api, files, SOURCES) == ()
    assert grafana.dashboards.keys() == {json.loads(text)["uid"] for text in files.values()}
    assert {folder for _, folder in grafana.dashboards.values()} == {"featurewatch"}
    assert grafana.datasources.keys() == {"prometheus", "alertmanager"}


def test_a_second_time_it_saves_over_the_first(grafana: Grafana, files: dict[str, str]) -> None:
    with GrafanaApi(grafana.url, TOKEN) as api:
        provision(api, files, SOURCES)
        assert provision(api, files, SOURCES) == ()
    assert {saved["version"] for saved, _ in grafana.dashboards.values()} == {2}
    assert len(grafana.folders) == 1


def test_what_grafana_changes_as_it_saves_is_told_with_its_place(files: dict[str, str]) -> None:
    def migrate(dashboard: Json) -> Json:
        next(panel for panel in dashboard["panels"] if panel["type"] != "row").pop("description")
        return dashboard | {"schemaVersion": 99}

    with running(Grafana(meddle=migrate)) as grafana, GrafanaApi(grafana.url) as api:
        told = [str(fault) for fault in provision(api, files, [])]
    assert len(told) == 2 * len(files)
    assert any("schemaVersion is 99 and was sent as 41" in fault for fault in told)
    assert any(".description is gone" in fault for fault in told)


def test_a_datasource_that_a_file_provides_is_compared_and_not_changed(grafana: Grafana, files: dict[str, str]) -> None:
    grafana.datasources["prometheus"] = {**SOURCES[0], "url": "http://elsewhere:9090", "readOnly": True}
    with GrafanaApi(grafana.url, TOKEN) as api:
        [fault] = provision(api, files, SOURCES[:1])
    assert 'url is "http://elsewhere:9090"' in str(fault)
    assert grafana.datasources["prometheus"]["url"] == "http://elsewhere:9090"


def test_without_a_token_the_remedy_is_told(grafana: Grafana, files: dict[str, str]) -> None:
    with GrafanaApi(grafana.url) as api, pytest.raises(Failure, match="401: Unauthorized; give a service account's"):
        provision(api, files, SOURCES)


def test_nobody_there_is_told_without_the_password() -> None:
    with GrafanaApi("http://admin:hidden@127.0.0.1:1") as api, pytest.raises(Failure) as told:
        api.version()
    assert "no Grafana answers at http://127.0.0.1:1" in str(told.value)
    assert "hidden" not in str(told.value)


@pytest.mark.parametrize(
    ("sent", "there", "told"),
    [
        ({"a": 1}, {"a": 1, "more": 2}, []),
        ({"a": None}, {}, []),
        ({"a": [1, 2]}, {"a": [1]}, ["a has 1 items and was sent with 2"]),
        ({"a": {"b": True}}, {"a": {"b": 1}}, ["a.b is 1 and was sent as true"]),
        ({"a": "x"}, {"a": ["x"]}, ['a is ["x"] and was sent as "x"']),
    ],
)
def test_differences_are_told_by_path(sent: Json, there: Json, told: list[str]) -> None:
    assert list(differences(sent, there)) == told


def test_the_command_says_how_many_there_are(grafana: Grafana, capsys: pytest.CaptureFixture[str]) -> None:
    found = project.find(ROOT, {})
    environ = {"GRAFANA_URL": grafana.url, "GRAFANA_TOKEN": TOKEN, "GRAFANA_PROMETHEUS_URL": "http://here:1"}
    assert command.run(found, environ) == 0
    assert "Grafana 12.4.0: 7 dashboards, 2 datasources, 0 differences" in capsys.readouterr().out
    assert grafana.datasources["prometheus"]["url"] == "http://here:1"


def test_without_an_address_nothing_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(project.find(ROOT, {}), {}) == 2
    assert "set it to a Grafana" in capsys.readouterr().err
