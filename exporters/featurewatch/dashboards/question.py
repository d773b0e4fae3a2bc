"""A dashboard answers one question. It is written without its plan and built with one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from grafanalib import core as grafana

from featurewatch import names, objectives, project
from featurewatch.dashboards import grafana as edge
from featurewatch.dashboards import queries
from featurewatch.dashboards.layout import Row, place
from featurewatch.dashboards.panel_json import Json
from featurewatch.dashboards.panels import DATASOURCE
from featurewatch.rules import recorded
from featurewatch.rules.plan import Plan
from featurewatch.rules.plan import plan as make_plan

SUFFIX: Final = ".dashboard.py"
TAG: Final = "featurewatch"
OBJECTIVES_VARIABLE: Final = "FEATUREWATCH_OBJECTIVES"
EVERYTHING: Final = ".*"
"""What the choice All stands for. It also lets pass what has no such label."""


@dataclass(frozen=True, slots=True)
class Question:
    """A dashboard before it knows what was promised."""

    title: str
    about: str
    rows: Callable[[Plan], Iterable[Row]]
    file: Path
    """Where it is written; its name decides the uid, and so the address, of the dashboard."""

    @property
    def slug(self) -> str:
        """`promise` of `promise.dashboard.py`."""
        return self.file.name.removesuffix(SUFFIX)

    @property
    def uid(self) -> str:
        return f"{TAG}-{self.slug}"

    def build(self, plan: Plan) -> Json:
        """The dashboard's JSON, as data."""
        origin = f"Made from {project.OBJECTIVES} and {self.file.name}; change those, not this."
        return edge.normalise(
            grafana.Dashboard(
                title=self.title,
                uid=self.uid,
                description=f"{self.about}\n\n{origin}",
                tags=[TAG],
                editable=False,
                graphTooltip=grafana.GRAPH_TOOLTIP_MODE_SHARED_CROSSHAIR,
                refresh="5s",
                time=grafana.Time("now-15m", "now"),
                timePicker=grafana.TimePicker(refreshIntervals=["5s", "10s", "30s", "1m", "5m"], timeOptions=[]),
                timezone="browser",
                annotations=grafana.Annotations(list=[_alerts_annotation()]),
                links=[_siblings()],
                templating=grafana.Templating(list=_variables(plan)),
                panels=place(self.rows(plan)),
            )
        )

    def to_json_data(self) -> Json:
        """For grafanalib's own `generate-dashboard`, which knows of no plan."""
        return self.build(current_plan(self.file))


def question(title: str, about: str) -> Callable[[Callable[[Plan], Iterable[Row]]], Question]:
    """Decorates the function `dashboard(plan)` of a `<question>.dashboard.py` that returns its rows."""

    def decorate(rows: Callable[[Plan], Iterable[Row]]) -> Question:
        return Question(title, about, rows, Path(rows.__code__.co_filename))

    return decorate


def current_plan(file: Path, environ: Mapping[str, str] | None = None) -> Plan:
    """The plan of the objectives.yaml named in FEATUREWATCH_OBJECTIVES, else of the checkout that holds `file`.

    Raises `Faulty` where there is none, or where it cannot be used.
    """
    environ = os.environ if environ is None else environ
    named = environ.get(OBJECTIVES_VARIABLE)
    path = Path(named) if named else project.find(file.parent, environ).objectives
    return make_plan(objectives.load(path), str(path))


def _variables(plan: Plan) -> list[Any]:
    rate = recorded.extractions_rate(plan.show_window)
    of_service = f'{rate}{{{names.SERVICE}="${queries.SERVICE_VARIABLE}"}}'
    on_time_range = grafana.REFRESH_ON_TIME_RANGE_CHANGE
    return [
        grafana.Template(
            name=queries.DATASOURCE_VARIABLE, label="Prometheus", type="datasource", query="prometheus",
            default="prometheus", refresh=grafana.REFRESH_ON_DASHBOARD_LOAD, regex="",
        ),
        grafana.Template(
            # From a series that exists while the service is down, too: then the dashboard matters most.
            name=queries.SERVICE_VARIABLE, label="Service", dataSource=DATASOURCE, default=plan.objectives.service,
            query=f"label_values({recorded.SERVICE_UP}, {names.SERVICE})", refresh=on_time_range, regex="",
        ),
        grafana.Template(
            name=queries.EXTRACTOR_VARIABLE, label="Extractor", dataSource=DATASOURCE, default="$__all",
            query=f"label_values({of_service}, {names.EXTRACTOR})", refresh=on_time_range, regex="",
            includeAll=True, multi=True, allValue=EVERYTHING,
        ),
    ]  # fmt: skip


def _alerts_annotation() -> Json:
    return {
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": "red",
        "name": "Alerts",
        "tagKeys": f"{names.SEVERITY},{names.CATEGORY}",
        "target": {"expr": f'ALERTS{{alertstate="firing",{queries.ALERTS}}}', "refId": "alerts"},
        "textFormat": f"{{{{{names.EXTRACTOR}}}}}",
        "titleFormat": "{{alertname}}",
    }


def _siblings() -> Any:
    """The other dashboards, reached without losing the time range and what was chosen."""
    return grafana.DashboardLink(
        title="Other questions", type="dashboards", tags=[TAG], asDropdown=True, keepTime=True, includeVars=True
    )
