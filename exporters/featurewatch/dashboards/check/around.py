"""What surrounds the panels: choices, annotations, links, time. Does the reader keep what was chosen on every way?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from featurewatch.dashboards import promql, queries
from featurewatch.dashboards.check.board import Board, Json, as_object, as_objects, links, strings
from featurewatch.dashboards.check.finding import Finding

TOLD: Final = {"alerts": "ALERTS{", "deployments": "build_info"}
"""What annotations have to tell of, and a word of the query that does."""
ADDRESS: Final = re.compile(r"/d/([\w-]+)")
RUNBOOK: Final = re.compile(r"/([A-Z]\w+?)(?:\.md)?$")
"""A page that is named like an alert."""
BEFORE_NOW: Final = re.compile(r"now-\d+[smhdwMy](?:/[smhdwMy])?")
REFRESHES: Final = ("5s", "10s", "30s", "1m", "5m", "15m")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a link can lead."""

    uids: frozenset[str]
    alerts: frozenset[str]
    runbooks: str
    """What the address of every runbook begins with."""


def check_around(board: Board, places: Places) -> Iterator[Finding]:
    """Findings about a dashboard's frame."""
    if board.data.get("editable"):
        what = "can be edited in the browser, where the next start undoes it"
        yield board.warning(None, what, "write editable: false; change the Python file")
    yield from _choices(board)
    yield from _annotations(board)
    yield from _links(board, places)
    yield from _times(board)


def _choices(board: Board) -> Iterator[Finding]:
    if not any(variable.get("type") == "datasource" for variable in board.variables):
        what = "no variable of the type datasource"
        yield board.error(None, what, "let the reader choose a Prometheus: surroundings.variables")
    # What a variable is called says nothing of where it is used.
    choices = [{**item, "name": "", "label": ""} for item in board.variables]
    text: list[object] = [board.data.get("panels"), board.annotations, board.data.get("links"), choices]
    used = {found for string in strings(text) if "$" in string for found in promql.variables(string)}
    used |= {str(panel["repeat"]) for panel in board.panels if panel.get("repeat")}
    for variable in board.variables:
        name = str(variable.get("name"))
        if name not in used:
            yield board.warning(None, f"${name} is used by nothing", "drop the choice, or let panels follow it")
        if variable.get("type") == "query" and variable.get("refresh") not in (1, 2):
            what = f"${name} is asked once and never again"
            yield board.error(None, what, "refresh 1 asks on load, 2 when the time range changes")
    names = {str(variable.get("name")) for variable in board.variables}
    for panel in board.panels:
        if panel.get("repeat") and panel["repeat"] not in names:
            yield board.error(panel, f"repeats for ${panel['repeat']}, which is not defined", "define it, or mend it")
        labels = as_object(panel.get("options")).get("alertInstanceLabelFilter", "")
        if panel.get("type") == "alertlist" and f"${queries.SERVICE_VARIABLE}" not in str(labels):
            what = "lists the alerts of every service, whichever was chosen"
            yield board.error(panel, what, 'filter by service="$service"')


def _annotations(board: Board) -> Iterator[Finding]:
    asked = [str(as_object(item.get("target")).get("expr")) for item in board.annotations]
    for happening, word in TOLD.items():
        if not any(word in expr for expr in asked):
            yield board.warning(None, f"no annotation tells of {happening}", "take surroundings.happenings")


def _links(board: Board, places: Places) -> Iterator[Finding]:
    for link in as_objects(board.data.get("links")):
        yield from _link(board, None, link, places)
        if link.get("type") == "dashboards" and not link.get("keepTime"):
            yield board.error(None, f"the link {link.get('title')!r} forgets the time range", "set keepTime")
        if link.get("type") == "dashboards" and not link.get("includeVars"):
            yield board.error(None, f"the link {link.get('title')!r} forgets what was chosen", "set includeVars")
    for panel in board.panels:
        for link in _of_panel(panel):
            yield from _link(board, panel, link, places)


def _of_panel(panel: Json) -> Iterable[Json]:
    """The links in its corner, and those of its fields."""
    yield from links(panel)
    config = as_object(panel.get("fieldConfig"))
    yield from as_objects(as_object(config.get("defaults")).get("links"))
    for override in as_objects(config.get("overrides")):
        for item in as_objects(override.get("properties")):
            if item.get("id") == "links":
                yield from as_objects(item.get("value"))


def _link(board: Board, panel: Json | None, link: Json, places: Places) -> Iterator[Finding]:
    url = str(link.get("url") or "")
    if (found := ADDRESS.search(url)) is not None:
        if found[1] not in places.uids:
            yield board.error(panel, f"leads to {found[1]}, which is no dashboard", "mend the uid in the link")
        if not link.get("keepTime") and "${__url_time_range}" not in url:
            what = f"the link {link.get('title')!r} forgets the time range"
            yield board.error(panel, what, "add ?${__url_time_range}&${__all_variables}")
        return
    page = RUNBOOK.search(url)
    if page is not None and "/runbooks/" not in url and not url.startswith(places.runbooks):
        return
    if page is not None and page[1] not in places.alerts:
        yield board.error(panel, f"leads to a runbook, and {page[1]} is no alert", "mend the name in the link")


def _times(board: Board) -> Iterator[Finding]:
    time = as_object(board.data.get("time"))
    start, end = str(time.get("from")), str(time.get("to"))
    if end != "now" or not BEFORE_NOW.fullmatch(start):
        what = f"time range from {start} to {end}"
        yield board.error(None, what, "begin at now-…, and end now: the dashboard is about the present")
    refresh = board.data.get("refresh")
    if refresh not in ("", None, *REFRESHES):
        yield board.error(None, f"refresh {refresh!r}", f"take one of {', '.join(REFRESHES)}")
