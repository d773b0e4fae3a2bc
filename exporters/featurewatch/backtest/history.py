"""A server's history, asked in bounded pieces, each of which is written down so that an interrupted replay goes on."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from featurewatch.backtest.replay import Run, joined, runs
from featurewatch.faults import Failure

POINTS = 10_000
"""Evaluations asked for at once: Prometheus answers 11,000 at most."""

ATTEMPTS = 4
FIRST_PAUSE = 0.5
"""Seconds; doubles with each attempt."""

Labels = tuple[tuple[str, str], ...]
Held = dict[Labels, list[Run]]
"""Labels to the evaluations at which the expression held."""


class HistoryFailure(Failure):
    """The server could not be asked, or refused; says what it said."""


@dataclass(frozen=True, slots=True)
class Window:
    """The evaluations that are replayed: every `step` seconds from `start` on."""

    start: float
    end: float

    def count(self, step: float) -> int:
        return math.floor((self.end - self.first(step)) / step) + 1

    def first(self, step: float) -> float:
        """The first evaluation: at a whole multiple of the step, as the server's own steps are."""
        return math.ceil(self.start / step) * step


@dataclass(slots=True)
class State:
    """Pieces that were asked already: one JSON line each in a file, the window in the first."""

    file: Path | None
    window: Window
    known: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def open(cls, file: Path | None, window: Window) -> State:
        """Go on where the file ends, over the window that it is about; a line cut short is asked again."""
        state = cls(file, window)
        lines = file.read_text(encoding="utf-8").splitlines() if file is not None and file.exists() else []
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if "window" in entry:
                state.window = Window(*entry["window"])
            else:
                state.known[entry["key"]] = entry["held"]
        if file is not None and not lines:
            file.parent.mkdir(parents=True, exist_ok=True)
            state._append({"window": [window.start, window.end]})
        return state

    def remember(self, key: str, held: Any) -> None:
        self.known[key] = held
        self._append({"key": key, "held": held})

    def _append(self, entry: dict[str, Any]) -> None:
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(entry) + "\n")


@dataclass(frozen=True, slots=True)
class History:
    """A server with Prometheus' `query_range`."""

    url: str
    client: httpx.Client
    points: int = POINTS
    pause: Callable[[float], None] = time.sleep
    answered: Callable[[], None] = lambda: None
    """Called after each piece, known ones too."""

    def pieces(self, window: Window, step: float) -> int:
        """How many questions one expression takes."""
        return math.ceil(window.count(step) / self.points)

    def held(self, expr: str, window: Window, step: float, state: State) -> Iterator[Held]:
        """Piece by piece, when `expr` held. Raises `HistoryFailure`."""
        first, count = window.first(step), window.count(step)
        for begin in range(0, count, self.points):
            size = min(self.points, count - begin)
            told = f"{self.url}\n{expr}\n{step}\n{first}\n{begin}\n{size}"
            key = hashlib.sha256(told.encode()).hexdigest()[:32]
            if key not in state.known:
                state.remember(key, self._ask(expr, first, begin, size, step))
            self.answered()
            yield {
                tuple((name, value) for name, value in labels): [(one, other) for one, other in stretches]
                for labels, stretches in state.known[key]
            }

    def _ask(self, expr: str, first: float, begin: int, size: int, step: float) -> list[Any]:
        data = {
            "query": expr,
            "start": f"{first + begin * step:.3f}",
            "end": f"{first + (begin + size - 1) * step:.3f}",
            "step": f"{step:g}",
        }
        found = []
        for series in self._post(data)["result"]:
            labels = sorted((name, value) for name, value in series["metric"].items() if name != "__name__")
            indexes = (round((float(at) - first) / step) for at, _ in [*series.get("values", ()), *_of(series)])
            found.append([labels, [list(run) for run in runs(indexes)]])
        return found

    def _post(self, data: dict[str, str]) -> dict[str, Any]:
        address = f"{self.url.rstrip('/')}/api/v1/query_range"
        last = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self.pause(FIRST_PAUSE * 2 ** (attempt - 1))
            try:
                answer = self.client.post(address, data=data)
                body = answer.json()
            except (httpx.HTTPError, ValueError) as error:
                last = str(error) or type(error).__name__
                continue
            if answer.is_success and body.get("status") == "success":
                result: dict[str, Any] = body["data"]
                return result
            last = str(body.get("error", answer.status_code))
            if answer.status_code in (400, 422):  # it will say the same again
                break
        raise HistoryFailure(f"{address}: {last}; what was asked: {data['query']}")


def _of(series: dict[str, Any]) -> list[Any]:
    """Samples of native histograms stand beside the plain ones."""
    return list(series.get("histograms", ()))


def together(pieces: Iterator[Held]) -> Held:
    """All pieces of one expression, in order of time."""
    whole: Held = {}
    for piece in pieces:
        for labels, stretches in piece.items():
            whole[labels] = joined(whole.get(labels, []), stretches)
    return whole
