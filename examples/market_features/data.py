"""Daily market data: the closing prices that the PyPI package `arch` ships, as plain arrays.

The package's compressed CSV files are read directly. Importing `arch` would bring in pandas, SciPy and statsmodels,
seconds of start-up and far more memory, for four columns of numbers.
"""

from __future__ import annotations

import csv
import datetime
import gzip
import importlib.util
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Sessions: TypeAlias = npt.NDArray[np.datetime64]

MISSING: Final = frozenset({"", "."})
"""How the files write "no price that day" (FRED's full stop on holidays)."""


class MarketDataError(Exception):
    """Market data cannot be found or read; the message names the file and the remedy."""


class UnknownSymbolError(Exception):
    """A symbol that is not among the sources."""


class NoSessionError(Exception):
    """The as-of date lies before the first session of the series."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a symbol's closing prices come from: a file below the `arch` package, and the column in it."""

    symbol: str
    title: str
    unit: str
    file: str
    column: str


SOURCES: Final = (
    Source("SP500", "S&P 500 index", "index points", "data/sp500/sp500.csv.gz", "Close"),
    Source("NASDAQ", "NASDAQ Composite index", "index points", "data/nasdaq/nasdaq.csv.gz", "Close"),
    Source("VIX", "CBOE volatility index", "percent a year", "data/vix/vix.csv.gz", "vix"),
    Source("WTI", "Crude oil, West Texas Intermediate", "US dollars a barrel", "data/wti/wti.csv.gz", "DCOILWTICO"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One symbol's closing prices by session, oldest first, every price known, finite and positive."""

    source: Source
    revision: int
    """Changes when the series is published anew: the file's modification time in nanoseconds."""
    sessions: Sessions
    close: npt.NDArray[np.float64]

    def position(self, asof: datetime.date) -> int:
        """The last session on or before `asof`: a weekend or a holiday has the features of the session before it."""
        position = int(np.searchsorted(self.sessions, np.datetime64(asof, "D"), side="right")) - 1
        if position < 0:
            raise NoSessionError(
                f"{self.source.symbol} has no session on or before {asof}; its first one is {self.session(0)}"
            )
        return position

    def session(self, position: int) -> datetime.date:
        """The date of a session; negative positions count from the end."""
        return datetime.date.fromisoformat(str(self.sessions[position]))


class MarketData:
    """The series by symbol, each read once and read again only when its file has changed."""

    def __init__(self, folder: Path | None = None, sources: Iterable[Source] = SOURCES) -> None:
        """`folder` holds the sources' files; without one, they are those of the installed `arch` package."""
        self._folder = packaged_folder() if folder is None else folder
        self._sources = {source.symbol: source for source in sources}
        self._series = {symbol: read_series(self._folder, source) for symbol, source in self._sources.items()}

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols, in the order of the sources."""
        return tuple(self._sources)

    def series(self, symbol: str) -> Series:
        """The symbol's series as last read; upper or lower case."""
        try:
            return self._series[symbol.upper()]
        except KeyError:
            raise UnknownSymbolError(f"unknown symbol {symbol!r}; known are {', '.join(self._sources)}") from None

    def refresh(self, symbol: str) -> Series:
        """The symbol's series as it stands on disk now: one look at the file, and a read when it has changed."""
        known = self.series(symbol)
        if _revision(self._folder / known.source.file) != known.revision:
            known = read_series(self._folder, known.source)
            self._series[known.source.symbol] = known
        return known


def packaged_folder() -> Path:
    """The folder of the installed `arch` package, found without importing it."""
    found = importlib.util.find_spec("arch")
    if found is None or not found.submodule_search_locations:
        raise MarketDataError(
            "the package 'arch', which ships the market data, is not installed; "
            "install the demo extra: pip install 'featurewatch[demo]'"
        )
    return Path(next(iter(found.submodule_search_locations)))


def read_series(folder: Path, source: Source) -> Series:
    """Reads one source. Days without a price are dropped; anything else out of the ordinary is an error."""
    path = folder / source.file
    revision = _revision(path)
    days: list[str] = []
    prices: list[float] = []
    try:
        with gzip.open(path, "rb") as packed:
            for row in csv.DictReader(io.TextIOWrapper(packed, encoding="utf-8-sig", newline="")):
                price = row[source.column].strip()
                if price not in MISSING:
                    month, day, year = row["Date"].split("/")
                    days.append(f"{year}-{month:0>2}-{day:0>2}")
                    prices.append(float(price))
        sessions = np.array(days, dtype="datetime64[D]")
    except (OSError, EOFError, KeyError, ValueError, AttributeError) as error:
        raise MarketDataError(f"{path}: cannot be read as daily prices ({error!r}); reinstall 'arch'") from error
    close = np.array(prices, dtype=np.float64)
    _refuse_disorder(path, sessions, close)
    sessions.setflags(write=False)
    close.setflags(write=False)
    return Series(source, revision, sessions, close)


def _refuse_disorder(path: Path, sessions: Sessions, close: npt.NDArray[np.float64]) -> None:
    if close.size == 0:
        raise MarketDataError(f"{path}: holds no prices; reinstall 'arch'")
    if not (np.isfinite(close) & (close > 0.0)).all():
        raise MarketDataError(f"{path}: holds prices that are not finite and positive; reinstall 'arch'")
    if not (sessions[1:] > sessions[:-1]).all():
        raise MarketDataError(f"{path}: its dates do not ascend; reinstall 'arch'")


def _revision(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise MarketDataError(f"{path}: cannot be read ({error.strerror}); reinstall 'arch'") from error
