"""The market data are read as they were published, and faulty files are named."""

from __future__ import annotations

import datetime
import gzip
import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from examples.market_features.data import (
    SOURCES,
    MarketData,
    MarketDataError,
    NoSessionError,
    Source,
    UnknownSymbolError,
    packaged_folder,
    read_series,
)

SOURCE = Source("X", "A test", "points", "x.csv.gz", "Close")


def write(folder: Path, text: str) -> Path:
    path = folder / SOURCE.file
    path.write_bytes(gzip.compress(text.encode()))
    return path


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.symbol)
def test_each_series_holds_what_pandas_reads_from_the_same_file(source: Source) -> None:
    pandas = importlib.import_module("pandas")
    table = pandas.read_csv(packaged_folder() / source.file, na_values=["."]).dropna(subset=[source.column])
    series = read_series(packaged_folder(), source)
    np.testing.assert_array_equal(series.close, table[source.column].to_numpy(dtype=float))
    days = pandas.to_datetime(table["Date"], format="%m/%d/%Y").to_numpy().astype("datetime64[D]")
    np.testing.assert_array_equal(series.sessions, days)


def test_the_series_reach_back_to_the_days_that_history_knows() -> None:
    sp500 = MarketData().series("SP500")
    position = sp500.position(datetime.date(2008, 9, 29))
    # The House rejected the bail-out: the index lost 8.8 % in a day.
    assert sp500.close[position] / sp500.close[position - 1] - 1 == pytest.approx(-0.088, abs=0.001)


def test_a_day_without_trading_has_the_session_before_it() -> None:
    sp500 = MarketData().series("SP500")
    saturday = datetime.date(2018, 12, 29)
    assert sp500.session(sp500.position(saturday)) == datetime.date(2018, 12, 28)
    assert sp500.session(sp500.position(datetime.date(2030, 1, 1))) == sp500.session(-1)


def test_a_day_before_the_first_session_is_refused_with_the_first_one_named() -> None:
    vix = MarketData().series("VIX")
    assert vix.position(datetime.date(2014, 1, 3)) == 0
    with pytest.raises(NoSessionError, match="VIX has no session on or before 2014-01-02; its first one is 2014-01-03"):
        vix.position(datetime.date(2014, 1, 2))


def test_symbols_are_found_in_any_case_and_unknown_ones_named_with_the_known() -> None:
    market = MarketData()
    assert market.series("vix") is market.series("VIX")
    with pytest.raises(UnknownSymbolError, match="unknown symbol 'DAX'; known are SP500, NASDAQ, VIX, WTI"):
        market.series("DAX")


def test_series_cannot_be_written_to() -> None:
    series = MarketData().series("WTI")
    with pytest.raises(ValueError, match="read-only"):
        series.close[0] = 1.0


def test_a_file_is_read_again_when_and_only_when_it_has_changed(tmp_path: Path) -> None:
    path = write(tmp_path, "Date,Close\n1/4/1999,10\n")
    market = MarketData(tmp_path, [SOURCE])
    first = market.refresh("X")
    assert market.refresh("X") is first
    write(tmp_path, "Date,Close\n1/4/1999,10\n1/5/1999,11\n")
    os.utime(path, ns=(0, first.revision + 1))
    second = market.refresh("X")
    assert second.close.tolist() == [10.0, 11.0]
    assert second.revision != first.revision
    assert market.series("X") is second


def test_days_without_a_price_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "Date,Close\n1/4/1999,10\n1/5/1999,.\n1/6/1999,\n1/7/1999,12\n")
    series = read_series(tmp_path, SOURCE)
    assert series.close.tolist() == [10.0, 12.0]
    assert series.session(-1) == datetime.date(1999, 1, 7)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Date,Close\n", "holds no prices"),
        ("", "holds no prices"),
        ("Date,Price\n1/4/1999,10\n", "KeyError"),
        ("Date,Close\n1/4/1999,ten\n", "ten"),
        ("Date,Close\n1/4/1999\n", "cannot be read"),
        ("Date,Close\n1999-01-04,10\n", "cannot be read"),
        ("Date,Close\n13/4/1999,10\n", "cannot be read"),
        ("Date,Close\n1/4/1999,0\n", "not finite and positive"),
        ("Date,Close\n1/4/1999,nan\n", "not finite and positive"),
        ("Date,Close\n1/5/1999,10\n1/4/1999,10\n", "do not ascend"),
        ("Date,Close\n1/4/1999,10\n1/4/1999,10\n", "do not ascend"),
    ],
)
def test_a_faulty_file_is_named_with_its_fault(tmp_path: Path, text: str, fault: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(MarketDataError, match=fault) as caught:
        read_series(tmp_path, SOURCE)
    assert str(path) in str(caught.value)


def test_a_truncated_file_and_a_missing_one_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, "Date,Close\n1/4/1999,10\n")
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(MarketDataError, match=r"x\.csv\.gz: cannot be read"):
        read_series(tmp_path, SOURCE)
    path.unlink()
    with pytest.raises(MarketDataError, match=r"x\.csv\.gz: cannot be read \(No such file"):
        MarketData(tmp_path, [SOURCE])


def test_the_service_starts_without_the_heavy_packages_that_arch_would_bring() -> None:
    program = (
        "import sys; from examples.market_features.service import create_app; create_app(); "
        "print(sorted({'arch', 'pandas', 'scipy', 'statsmodels'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'exporters'}"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
