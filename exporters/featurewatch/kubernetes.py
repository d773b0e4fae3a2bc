"""The same rules and scrapes as resources of the Prometheus Operator: `PrometheusRule` and `ServiceMonitor`."""

from __future__ import annotations

from typing import Any, Final

from featurewatch import names
from featurewatch.objectives.units import duration_text
from featurewatch.rules import model
from featurewatch.rules.build import EXTRACTORS_JOB
from featurewatch.rules.model import Group
from featurewatch.rules.plan import Plan
from featurewatch.scrape import LIMITS, PROTOCOLS
from featurewatch.yaml_text import dump

FOLDER: Final = "deploy/kubernetes"
API: Final = "monitoring.coreos.com/v1"

HEADER: Final = """\
Made by `make generate` from objectives.yaml; do not edit.
The operator takes what its `ruleSelector` and `serviceMonitorSelector` choose: by default the label `release` of its
own installation, which you add with a patch (kustomize) of yours."""

PORT: Final = "metrics"
"""The name of the port of the extractors' Service."""


def resources(plan: Plan, groups: tuple[Group, ...]) -> dict[str, str]:
    """File name to text: one PrometheusRule for each group, one ServiceMonitor, and a kustomization of all."""
    files = {f"{group.name}.prometheusrule.yaml": dump(rule(plan, group), HEADER) for group in groups}
    files["extractors.servicemonitor.yaml"] = dump(service_monitor(plan), HEADER)
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(files),
    }
    files["kustomization.yaml"] = dump(kustomization, HEADER)
    return files


def rule(plan: Plan, group: Group) -> dict[str, Any]:
    """One group as a PrometheusRule."""
    return {
        "apiVersion": API,
        "kind": "PrometheusRule",
        "metadata": _metadata(plan, f"{plan.objectives.service}-{group.name}"),
        "spec": model.render(group),
    }


def service_monitor(plan: Plan) -> dict[str, Any]:
    """The scrape of the extractors. Its Service carries `app.kubernetes.io/name: <service>` and names its port."""
    service, timing = plan.objectives.service, plan.timing
    return {
        "apiVersion": API,
        "kind": "ServiceMonitor",
        "metadata": _metadata(plan, service),
        "spec": {
            "selector": {"matchLabels": {"app.kubernetes.io/name": service}},
            "scrapeProtocols": list(PROTOCOLS),
            "scrapeClassicHistograms": True,
            "sampleLimit": LIMITS["sample_limit"],
            "labelLimit": LIMITS["label_limit"],
            "labelNameLengthLimit": LIMITS["label_name_length_limit"],
            "labelValueLengthLimit": LIMITS["label_value_length_limit"],
            "bodySizeLimit": LIMITS["body_size_limit"],
            "targetLimit": LIMITS["target_limit"],
            "endpoints": [
                {
                    "port": PORT,
                    "path": "/metrics",
                    "interval": duration_text(timing.scrape_interval),
                    "scrapeTimeout": duration_text(timing.scrape_timeout),
                    "honorLabels": True,
                    # Rules look for the extractors by this job, and for the label `service` on `up`.
                    "relabelings": [
                        {"action": "replace", "targetLabel": "job", "replacement": EXTRACTORS_JOB},
                        {"action": "replace", "targetLabel": names.SERVICE, "replacement": service},
                    ],
                }
            ],
        },
    }


def _metadata(plan: Plan, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "labels": {
            "app.kubernetes.io/name": plan.objectives.service,
            "app.kubernetes.io/part-of": "featurewatch",
            "app.kubernetes.io/managed-by": "featurewatch",
        },
    }
