"""A dashboard's queries, asked of a running Prometheus as Grafana would: what comes back empty or as no number.

What parses and names real metrics can still show nothing: a label that no series has, a division by zero.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final, Literal

import httpx
import promql_parser

from featurewatch.dashboards import promql, quiet
from featurewatch.dashboards.check.board import Board, Json, field_defaults
from featurewatch.objectives.units import duration_text

RANGE_SECONDS: Final = 900.0
"""As the dashboards open."""
POINTS: Final = 300
"""About as many as a panel has pixels for; decides the step."""
DEFAULT_STEP: Final = "15s"
TIMEOUT_SECONDS: Final = 10.0

State = Literal["filled", "empty", "not a number", "refused"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What Prometheus says to one query of a panel."""

    panel: str
    ref_id: str
    query: str
    """With all variables filled in."""
    state: State
    """`not a number` where any value is NaN or infinite; `refused` where Prometheus answered with an error."""
    series: int
    detail: str = ""
    reason: str = ""
    """Why the panel may be empty, where it may; see `quiet`."""

    def __str__(self) -> str:
        said = f": {self.detail}" if self.detail else ""
        return f"{self.panel} ({self.ref_id}): {self.state}{said}: {self.query}"


def run_queries(
    dashboard: Json,
    prometheus: str,
    *,
    chosen: Mapping[str, str] | None = None,
    client: httpx.Client | None = None,
    now: float | None = None,
    range_seconds: float = RANGE_SECONDS,
) -> tuple[Answer, ...]:
    """Ask every query of every panel at the address `prometheus`.

    Marks behind the lines (annotations) are asked for, too; with nothing to mark they are empty, and that is in order.
    Variables have the values that the dashboard opens with, unless `chosen` says otherwise (as regular expressions).
    `now` is the end of the range, in seconds since 1970. Raises `httpx.HTTPError` when nothing answers.
    """
    board = Board(str(dashboard.get("title")), dashboard)
    values = {**_opening_values(board), **(chosen or {})}
    end = time.time() if now is None else now
    with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) if client is None else nullcontext(client) as asking:
        return tuple(
            _ask(asking, prometheus.rstrip("/"), panel, target, values, end, range_seconds)
            for panel, target in (*board.queries(), *_marks(board))
            if not target.get("hide")
        )


def _marks(board: Board) -> Iterator[tuple[Json, Json]]:
    """Annotations as if each were a panel that may be empty."""
    for annotation in board.annotations:
        if "target" in annotation:
            said = {"fieldConfig": {"defaults": {"noValue": quiet.NO_HAPPENING}}}
            yield {"title": f"marks: {annotation.get('name')}", **said}, annotation["target"]


def troubled(answers: Iterable[Answer], empty_is_fine: bool = False) -> tuple[Answer, ...]:
    """The answers that a reader would see as a gap or as nonsense."""
    fine = {"filled", "empty"} if empty_is_fine else {"filled"}
    return tuple(answer for answer in answers if answer.state not in fine)


def unexpected(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """What no dashboard should show under traffic: refusals, what is no number, and a panel of which every query is
    empty without a reason. One line that is missing beside another one is no gap."""
    found = tuple(answers)
    filled = {answer.panel for answer in found if answer.state == "filled"}
    return tuple(
        answer for answer in troubled(found) if answer.state != "empty" or not (answer.reason or answer.panel in filled)
    )


def _ask(
    client: httpx.Client, url: str, panel: Json, target: Json, values: Mapping[str, str], end: float, span: float
) -> Answer:
    scrape = promql_parser.parse_duration(target.get("interval") or DEFAULT_STEP).total_seconds()
    step = max(scrape, math.ceil(span / POINTS))
    timing = {
        "__interval": duration_text(step),
        "__interval_ms": f"{step * 1000:.0f}",
        "__range": duration_text(span),
        "__range_ms": f"{span * 1000:.0f}",
        "__range_s": f"{span:.0f}",
        "__rate_interval": duration_text(max(step + scrape, 4 * scrape)),
    }
    query = promql.fill(str(target.get("expr")), {**values, **timing})
    if target.get("instant"):
        path, asked = "query", {"query": query, "time": f"{end:.3f}"}
    else:
        start = f"{end - span:.3f}"
        path, asked = "query_range", {"query": query, "start": start, "end": f"{end:.3f}", "step": f"{step:g}"}
    answer = client.post(f"{url}/api/v1/{path}", data=asked).json()
    state, series, detail = _judge(answer)
    said = quiet.reason(str(field_defaults(panel).get("noValue")))
    return Answer(str(panel.get("title")), str(target.get("refId")), query, state, series, detail, said)


def _judge(answer: Any) -> tuple[State, int, str]:
    if answer.get("status") != "success":
        return "refused", 0, str(answer.get("error"))
    result = answer["data"]["result"]
    if answer["data"]["resultType"] in ("scalar", "string"):
        result = [{"value": result}]
    for series in result:
        # A native histogram is no number to look at.
        for _, value in series.get("values") or [series[key] for key in ("value",) if key in series]:
            if not math.isfinite(float(value)):
                return "not a number", len(result), f"{value} in {series.get('metric', {})}"
    return ("filled" if result else "empty"), len(result), ""


def _opening_values(board: Board) -> dict[str, str]:
    """The variables as the dashboard opens: what is chosen, or what All stands for."""
    values = {}
    for variable in board.variables:
        value = variable.get("current", {}).get("value")
        if value in ("$__all", ["$__all"]):
            value = variable.get("allValue") or ".*"
        values[str(variable.get("name"))] = "|".join(value) if isinstance(value, list) else str(value)
    return values
