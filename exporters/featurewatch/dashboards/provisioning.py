"""The dashboards in a Grafana that runs: put there, read back, and compared with what was generated."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from featurewatch.dashboards.field_json import Json
from featurewatch.dashboards.grafana_api import GrafanaApi
from featurewatch.dashboards.surroundings import TAG
from featurewatch.faults import Fault

FOLDER: Final = TAG
DATASOURCES: Final = "deploy/grafana/provisioning/datasources"
GRAFANAS_OWN: Final = frozenset({"id", "version"})
"""Of a dashboard; Grafana counts both itself."""
NOT_READ_BACK: Final = frozenset({"editable"})
"""Of a datasource in a file; the API knows `readOnly` instead."""
LONGEST: Final = 80


def datasources(root: Path, prometheus: str | None = None) -> list[Json]:
    """Those that docker-compose provides by file, for the API. `prometheus` is where Grafana reaches ours."""
    found: list[Json] = []
    for file in sorted((root / DATASOURCES).glob("*.yaml")):
        for item in yaml.safe_load(file.read_text(encoding="utf-8")).get("datasources", []):
            kept = {key: value for key, value in item.items() if key not in NOT_READ_BACK}
            if prometheus is not None and kept["type"] == "prometheus":
                kept["url"] = prometheus
            found.append(kept)
    return found


def provision(grafana: GrafanaApi, files: Mapping[str, str], sources: list[Json]) -> tuple[Fault, ...]:
    """Put folder, datasources and dashboards there, read them back; what is not as it was sent. Raises `Failure`."""
    grafana.put_folder(FOLDER, FOLDER)
    for source in sources:
        grafana.put_datasource(source)
    for text in files.values():
        grafana.put_dashboard(json.loads(text), FOLDER)
    return tuple(_read_back(grafana, files, sources))


def _read_back(grafana: GrafanaApi, files: Mapping[str, str], sources: list[Json]) -> Iterator[Fault]:
    title = grafana.folder(FOLDER).get("title")
    if title != FOLDER:
        yield _fault(f"folder {FOLDER}", f"is called {title!r}", "rename it, or remove it and check again")
    for source in sources:
        for difference in differences(source, grafana.datasource(source["uid"])):
            remedy = "mend it there, or in the file that provides it"
            yield _fault(f"datasource {source['uid']}", difference, remedy)
    for name, text in files.items():
        sent = json.loads(text)
        there = grafana.dashboard(sent["uid"])
        for difference in differences(sent, there.get("dashboard", {}), GRAFANAS_OWN):
            remedy = (
                "Grafana changed it when it was saved: write what it makes of it in featurewatch.dashboards.grafana"
            )
            yield _fault(name, difference, remedy)
        folder = there.get("meta", {}).get("folderUid")
        if folder != FOLDER:
            yield _fault(name, f"lies in the folder {folder!r}", f"move it to {FOLDER}")


def differences(sent: Any, there: Any, passed: frozenset[str] = frozenset(), at: str = "") -> Iterator[str]:
    """What was sent and is not there, or is something else. What Grafana adds is its own affair."""
    if isinstance(sent, dict) and isinstance(there, dict):
        for key in sorted(sent.keys() - passed):
            where = f"{at}.{key}" if at else key
            if key in there:
                yield from differences(sent[key], there[key], at=where)
            elif sent[key] is not None:  # a key that is null and one that is not there are one to Grafana
                yield f"{where} is gone"
    elif isinstance(sent, list) and isinstance(there, list):
        if len(sent) != len(there):
            yield f"{at} has {len(there)} items and was sent with {len(sent)}"
        for index, (one, other) in enumerate(zip(sent, there, strict=False)):
            yield from differences(one, other, at=f"{at}.{index}")
    elif sent != there or isinstance(sent, bool) != isinstance(there, bool):
        yield f"{at} is {_short(there)} and was sent as {_short(sent)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _fault(place: str, what: str, remedy: str) -> Fault:
    return Fault(place, 0, 0, what, remedy)
