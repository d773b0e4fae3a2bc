"""Tomorrow's volatility of an index from that of the last day, week and month: three coefficients, fitted anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from examples.market_features.data import MarketData

Array = npt.NDArray[np.float64]

SPANS: Final = (1, 5, 22)
"""Sessions in a day, a week and a month."""

HELD_BACK: Final = 250
"""The last sessions, about a year: no version is trained on them, and every version is judged by them."""


class Volatility:
    """One index. Versions are files in a folder, and so is the name of the one in use."""

    def __init__(self, folder: Path, seen: Callable[[int], int], symbol: str = "SP500") -> None:
        """`seen` tells how many of so many sessions have happened: the past is replayed."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._seen = seen
        self._inputs, self._outcomes = _examples(MarketData().series(symbol).close)

    def samples(self, version: int) -> int:
        return max(0, self._trainable() - (self._read(version)["until"] if version else 0))

    def train(self, version: int, go_on: Callable[[], None]) -> None:
        go_on()
        until = self._trainable()
        coefficients, *_ = np.linalg.lstsq(self._inputs[:until], self._outcomes[:until], rcond=None)
        go_on()
        self._write(self._file(version), {"until": until, "coefficients": coefficients.tolist()})

    def loss(self, version: int) -> float:
        """Mean squared error, in percent squared, of the last year of what has happened."""
        until = self._trainable()
        held_back = slice(until, until + HELD_BACK)
        predicted = self._inputs[held_back] @ np.array(self._read(version)["coefficients"])
        return float(np.mean((predicted - self._outcomes[held_back]) ** 2))

    def deploy(self, version: int) -> None:
        self._write(self._folder / "used.json", {"version": version})

    def _trainable(self) -> int:
        return max(0, min(self._seen(len(self._outcomes)), len(self._outcomes)) - HELD_BACK)

    def _file(self, version: int) -> Path:
        return self._folder / f"{version}.json"

    def _read(self, version: int) -> Any:
        return json.loads(self._file(version).read_text(encoding="utf-8"))

    def _write(self, file: Path, content: Any) -> None:
        aside = file.with_suffix(".new")  # a kill leaves the whole old one, or the whole new one
        aside.write_text(json.dumps(content), encoding="utf-8")
        aside.replace(file)


def _examples(close: Array) -> tuple[Array, Array]:
    """For each session with a month before it: the volatilities up to it, and that of the next; in percent."""
    moved = np.abs(np.diff(np.log(close))) * 100
    summed = np.concatenate(([0.0], np.cumsum(moved)))
    ends = np.arange(max(SPANS), len(moved))
    inputs = np.column_stack([(summed[ends] - summed[ends - span]) / span for span in SPANS] + [np.ones(len(ends))])
    return inputs, moved[ends]
