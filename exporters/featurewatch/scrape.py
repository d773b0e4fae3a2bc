"""Prometheus' main configuration: what is scraped how often, which rules are judged, where alerts go.

Other parts are named as in a compose network (`extractor:8000`); a native run replaces these addresses by its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from featurewatch import names, tls
from featurewatch.objectives.units import duration_text
from featurewatch.rules import chain_guards
from featurewatch.rules.build import EXTRACTORS_JOB
from featurewatch.rules.plan import Plan
from featurewatch.yaml_text import dump

EXTRACTOR: Final = "extractor:8000"
NODE_EXPORTER: Final = "node-exporter:9100"
PROMETHEUS: Final = "prometheus:9090"
ALERTMANAGER: Final = "alertmanager:9093"
RESPONDER_JOB: Final = "responder"

RULE_FILES: Final = "rules/*.rules.yaml"
"""Relative to the folder of the configuration."""

EXTERNAL_ENVIRONMENT: Final = "environment"
"""The label that everything which leaves Prometheus carries."""

LIMITS: Final[dict[str, Any]] = {
    "body_size_limit": "16MB",
    "sample_limit": chain_guards.SAMPLE_LIMIT,
    "label_limit": 32,
    "label_name_length_limit": 128,
    "label_value_length_limit": 1024,
    "target_limit": 200,
}
"""What one target may send, far above what it needs: one that sends more fails its scrape, counts as down and is
alerted on, instead of filling memory and disk until nothing is judged any more."""

PROTOCOLS: Final = ("PrometheusProto", "OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText0.0.4")
"""Protobuf first: it alone carries native histograms."""

HEADER: Final = """\
Made by `make generate` from objectives.yaml; do not edit.

The intervals follow from delivery.budget. A target that exceeds a limit fails its scrape and counts as down.
`honor_labels` keeps the label `service` of the extractor's own series, which would else become `exported_service`.
`always_scrape_classic_histograms` keeps the classic buckets beside native ones: rules judge at their exact edges."""


def prometheus_config(plan: Plan) -> dict[str, Any]:
    """What prometheus.yaml holds."""
    timing, secure = plan.timing, tls.called(plan.objectives.tls)
    return {
        "global": {
            "scrape_interval": duration_text(timing.scrape_interval),
            "scrape_timeout": duration_text(timing.scrape_timeout),
            "evaluation_interval": duration_text(timing.evaluation_interval),
            "scrape_protocols": list(PROTOCOLS),
            **LIMITS,
            "external_labels": {EXTERNAL_ENVIRONMENT: plan.objectives.environment},
        },
        "rule_files": [RULE_FILES],
        "alerting": {"alertmanagers": [{"timeout": "5s", **secure, "static_configs": [{"targets": [ALERTMANAGER]}]}]},
        "scrape_configs": [
            {
                "job_name": EXTRACTORS_JOB,
                "honor_labels": True,
                "always_scrape_classic_histograms": True,
                "static_configs": [{"targets": [EXTRACTOR], "labels": {names.SERVICE: plan.objectives.service}}],
            },
            *(job | secure for job in _responder(plan)),
            _job("node", NODE_EXPORTER, plan.objectives.service),
            _job("prometheus", PROMETHEUS) | secure,
            _job("alertmanager", ALERTMANAGER) | secure,
        ],
    }


def _responder(plan: Plan) -> Iterator[dict[str, Any]]:
    """Its series carry the labels of the alerts that they are about, `service` among them."""
    responder = plan.objectives.handling.responder
    if responder is not None:
        yield _job(RESPONDER_JOB, urlsplit(responder.url).netloc) | {"honor_labels": True}


def render(config: dict[str, Any]) -> str:
    """The configuration as the text of its file."""
    return dump(config, HEADER)


def _job(name: str, target: str, service: str | None = None) -> dict[str, Any]:
    """A machine that works for a service carries its label, so that what is judged of it can be tied to the service."""
    labels = {"labels": {names.SERVICE: service}} if service else {}
    return {"job_name": name, "static_configs": [{"targets": [target], **labels}]}
