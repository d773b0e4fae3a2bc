"""`featurewatch grafana`: put the dashboards into a Grafana that runs, read them back, compare."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from featurewatch.dashboards.generate import generate
from featurewatch.dashboards.grafana_api import GrafanaApi
from featurewatch.dashboards.provisioning import datasources, provision
from featurewatch.objectives import load
from featurewatch.project import OBJECTIVES, Project
from featurewatch.rules.plan import plan

URL = "GRAFANA_URL"
TOKEN = "GRAFANA_TOKEN"  # noqa: S105 - the name of a variable
PROMETHEUS = "GRAFANA_PROMETHEUS_URL"
UNUSABLE = 2


def run(project: Project, environ: Mapping[str, str]) -> int:
    """0 when Grafana has what was generated, 1 when not, 2 without an address."""
    url = environ.get(URL, "")
    if not url.startswith(("http://", "https://")):
        print(f"{URL} is {url!r}; set it to a Grafana, such as http://127.0.0.1:3000", file=sys.stderr)
        return UNUSABLE
    files = generate(plan(load(project.objectives, OBJECTIVES), OBJECTIVES), project.root / "dashboards")
    sources = datasources(project.root, environ.get(PROMETHEUS))
    with GrafanaApi(url, environ.get(TOKEN, "")) as grafana:
        version = grafana.version()
        faults = provision(grafana, files, sources)
    for fault in faults:
        print(fault)
    print(f"Grafana {version}: {len(files)} dashboards, {len(sources)} datasources, {len(faults)} differences")
    return 1 if faults else 0
