"""The manifests hold what the real programs export, and nothing else."""

from __future__ import annotations

from pathlib import Path

from tests import routing, running_prometheus

from featurewatch import manifests, names
from featurewatch.tools.toolbox import Tools


def test_our_own_series_are_the_names_and_the_parts_of_the_histograms() -> None:
    own = manifests.own()
    assert names.EXTRACTION_ERRORS in own
    assert f"{names.EXTRACTION_DURATION}_bucket" in own
    assert f"{names.EXTRACTIONS_IN_PROGRESS}_bucket" not in own
    assert names.SERVICE not in own


def test_every_histogram_is_a_metric_of_ours() -> None:
    assert manifests.own() >= names.HISTOGRAMS


def test_no_metric_stands_in_two_manifests() -> None:
    parts = [
        *(manifests.SYNTHETIC, manifests.PROMETHEUS, manifests.PROMETHEUS_AT_WORK, manifests.ALERTMANAGER),
        *(manifests.NODE_EXPORTER, manifests.RAY_SERVE),
    ]
    assert sum(map(len, parts)) == len(manifests.THIRD_PARTY)


def test_node_exporter_exports_its_manifest(tools: Tools, tmp_path: Path) -> None:
    # A kernel without swap or without pressure information leaves these out.
    optional = {name for name in manifests.NODE_EXPORTER if name.startswith(("node_pressure_", "node_memory_Swap"))}
    with running_prometheus.node_exporter(tools.node_exporter.path, tmp_path) as address:
        assert not running_prometheus.missing(manifests.NODE_EXPORTER - optional, f"http://{address}/metrics")


def test_prometheus_exports_its_manifest(tools: Tools, tmp_path: Path) -> None:
    rules = {"some": {"groups": [{"name": "some", "rules": [{"record": "a:b:c", "expr": "vector(1)"}]}]}}
    # This one has a label per Alertmanager, and here is none.
    wanted = manifests.PROMETHEUS - {"prometheus_notifications_errors_total", "prometheus_notifications_sent_total"}
    with running_prometheus.prometheus(tools.prometheus.path, tmp_path, {}, rules) as url:
        assert not running_prometheus.missing(wanted, f"{url}/metrics")


def test_alertmanager_exports_its_manifest(tools: Tools, tmp_path: Path) -> None:
    config = tmp_path / "alertmanager.yaml"
    config.write_text("route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n")
    with routing.running_alertmanager(tools, config) as alertmanager:
        assert not running_prometheus.missing(manifests.ALERTMANAGER, f"{alertmanager.url}/metrics")
