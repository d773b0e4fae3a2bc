"""What every dashboard has around its panels: what can be chosen, what happened meanwhile, where to go from here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal

from grafanalib import core as grafana

from featurewatch import names
from featurewatch.dashboards import queries
from featurewatch.dashboards.panel_json import Json
from featurewatch.dashboards.panels import DATASOURCE
from featurewatch.objectives.convert import COUNT
from featurewatch.rules import recorded
from featurewatch.rules.plan import Plan

TAG: Final = "featurewatch"
EVERYTHING: Final = ".*"
"""What the choice All stands for. It also lets pass what has no such label."""

Choice = Literal["cache", "machine"]
"""What can be chosen on some dashboards only."""

NEW_FOR: Final = "1m"
"""How long a deployment counts as new: it is marked where that begins."""


def variables(plan: Plan, also: Iterable[Choice]) -> list[Any]:
    """Datasource, environment, service and extractor, then `also`."""
    extractors = queries.of_service(recorded.extractions_rate(plan.show_window))
    more = {
        "cache": _all("cache", "Cache", f"label_values({queries.of_service(names.CACHE_ENTRIES)}, {names.CACHE_NAME})"),
        "machine": _all("machine", "Machine", f"label_values({queries.of_environment('node_time_seconds')}, instance)"),
    }
    return [
        grafana.Template(
            name=queries.DATASOURCE_VARIABLE, label="Prometheus", type="datasource", query="prometheus",
            default="prometheus", refresh=grafana.REFRESH_ON_DASHBOARD_LOAD, regex="",
        ),
        _all(
            queries.ENVIRONMENT_VARIABLE, "Environment", f"label_values({recorded.SERVICE_UP}, {names.ENVIRONMENT})",
            multi=False,
        ),
        grafana.Template(
            # From a series that exists while the service is down, too: then the dashboard matters most.
            name=queries.SERVICE_VARIABLE, label="Service", dataSource=DATASOURCE, default=plan.objectives.service,
            query=f"label_values({queries.of_environment(recorded.SERVICE_UP)}, {names.SERVICE})",
            refresh=grafana.REFRESH_ON_TIME_RANGE_CHANGE, regex="",
        ),
        _all(queries.EXTRACTOR_VARIABLE, "Extractor", f"label_values({extractors}, {names.EXTRACTOR})"),
        *(more[choice] for choice in also),
    ]  # fmt: skip


def happenings() -> list[Json]:
    """Alerts, deployments, and what people and machines did about them."""
    built = queries.of_service(names.BUILD_INFO)
    count = queries.of_service(COUNT)
    by = f"{names.SERVICE}, {names.VERSION}"
    deployed = (
        f"count by ({by}) ({built}) unless count by ({by}) ({built} offset {NEW_FOR})\n"
        f"or\nmax by ({names.SERVICE}) (resets({count}[{NEW_FOR}])) > 0"
    )
    acknowledged = f'{names.ACKNOWLEDGED}{{{queries.ENVIRONMENT},{names.SERVICE}=~"${queries.SERVICE_VARIABLE}|"}} == 1'
    return [
        _annotation("Alerts", f'ALERTS{{alertstate="firing",{queries.ALERTS}}}', "red", "{{alertname}}",
                    f"{{{{{names.EXTRACTOR}}}}}", f"{names.SEVERITY},{names.CATEGORY}"),
        _annotation("Deployments and restarts", deployed, "blue", "Deployment or restart",
                    f"{{{{{names.SERVICE}}}}} {{{{{names.VERSION}}}}}", names.SERVICE),
        _annotation("Automatic actions", _acted(), "yellow", f"Action {{{{{names.ACTION}}}}}",
                    queries.BY_TITLE, names.ACTION),
        _annotation("Acknowledgements", acknowledged, "purple", "{{alertname}} is in hand",
                    f"{{{{{names.EXTRACTOR}}}}}", names.SEVERITY),
    ]  # fmt: skip


def _acted() -> str:
    """Runs of repair: while one is open, and where one ended. The first of its kind begins the counter, which is no
    rise; it counts as one where the responder had been asked before."""
    by = ", ".join((names.ACTION, names.MODE, names.OUTCOME))
    runs = queries.of_environment(names.REPAIR_RUNS)
    now, before = f"sum by ({by}) ({runs})", f"sum by ({by}) ({runs} offset {NEW_FOR})"
    asked = f"count({queries.of_environment(names.REPAIR_STOPPED)} offset {NEW_FOR})"
    ended = f"{now} > {before}\nor\n({now} unless {before}) and on () {asked}"
    opened = f"sum by ({names.ACTION}, {names.STATE}) ({queries.of_environment(names.REPAIR_OPEN)}) > 0"
    return f"{queries.titled(ended, names.MODE, names.OUTCOME)}\nor\n{queries.titled(opened, names.STATE)}"


def siblings() -> Any:
    """The other dashboards, reached without losing the time range and what was chosen."""
    return grafana.DashboardLink(
        title="Other questions", type="dashboards", tags=[TAG], asDropdown=True, keepTime=True, includeVars=True
    )


def _all(name: str, label: str, query: str, *, multi: bool = True) -> Any:
    return grafana.Template(
        name=name, label=label, dataSource=DATASOURCE, default="$__all", query=query,
        refresh=grafana.REFRESH_ON_TIME_RANGE_CHANGE, regex="", includeAll=True, multi=multi, allValue=EVERYTHING,
    )  # fmt: skip


def _annotation(name: str, expr: str, colour: str, title: str, text: str, tags: str) -> Json:
    return {
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": colour,
        "name": name,
        "tagKeys": tags,
        "target": {"expr": expr, "refId": name.split()[0].lower()},
        "textFormat": text,
        "titleFormat": title,
    }
