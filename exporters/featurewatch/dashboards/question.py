"""A dashboard answers one question. It is written without its plan and built with one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grafanalib import core as grafana

from featurewatch import objectives, project
from featurewatch.dashboards import grafana as edge
from featurewatch.dashboards import surroundings
from featurewatch.dashboards.layout import Row, place
from featurewatch.dashboards.panel_json import Json
from featurewatch.dashboards.surroundings import TAG as TAG
from featurewatch.dashboards.surroundings import Choice
from featurewatch.rules.plan import Plan
from featurewatch.rules.plan import plan as make_plan

SUFFIX: Final = ".dashboard.py"
OBJECTIVES_VARIABLE: Final = "FEATUREWATCH_OBJECTIVES"


@dataclass(frozen=True, slots=True)
class Question:
    """A dashboard before it knows what was promised."""

    title: str
    about: str
    rows: Callable[[Plan], Iterable[Row]]
    file: Path
    """Where it is written; its name decides the uid, and so the address, of the dashboard."""
    also: tuple[Choice, ...] = ()
    since: str = "now-15m"
    """Where the time shown begins when it is opened."""
    refresh: str = "5s"

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
                refresh=self.refresh,
                time=grafana.Time(self.since, "now"),
                timePicker=grafana.TimePicker(refreshIntervals=["5s", "10s", "30s", "1m", "5m"], timeOptions=[]),
                timezone="browser",
                annotations=grafana.Annotations(list=surroundings.happenings()),
                links=[surroundings.siblings()],
                templating=grafana.Templating(list=surroundings.variables(plan, self.also)),
                panels=place(self.rows(plan)),
            )
        )

    def to_json_data(self) -> Json:
        """For grafanalib's own `generate-dashboard`, which knows of no plan."""
        return self.build(current_plan(self.file))


def question(
    title: str, about: str, *also: Choice, since: str = "now-15m", refresh: str = "5s"
) -> Callable[[Callable[[Plan], Iterable[Row]]], Question]:
    """Decorates the function `dashboard(plan)` of a `<question>.dashboard.py` that returns its rows.

    `also` names what can be chosen besides what every dashboard has: datasource, environment, service, extractor.
    It opens on the time from `since` on and is asked again every `refresh`: the longer the view, the less often.
    """

    def decorate(rows: Callable[[Plan], Iterable[Row]]) -> Question:
        return Question(title, about, rows, Path(rows.__code__.co_filename), also, since, refresh)

    return decorate


def current_plan(file: Path, environ: Mapping[str, str] | None = None) -> Plan:
    """The plan of the objectives.yaml named in FEATUREWATCH_OBJECTIVES, else of the checkout that holds `file`.

    Raises `Faulty` where there is none, or where it cannot be used.
    """
    environ = os.environ if environ is None else environ
    named = environ.get(OBJECTIVES_VARIABLE)
    path = Path(named) if named else project.find(file.parent, environ).objectives
    return make_plan(objectives.load(path), str(path))
