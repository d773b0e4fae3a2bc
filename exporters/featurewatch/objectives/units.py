"""Quantities as people write them: `100ms`, `85%`, `40/s`; and the other way round."""

from __future__ import annotations

import math
import re
from decimal import Decimal

SECONDS = {"ms": "0.001", "s": "1", "m": "60", "h": "3600", "d": "86400", "w": "604800"}
PER = {"s": "1", "m": "60", "h": "3600"}

LONGEST = 3650 * 86400
"""Seconds: ten years. Beyond that a duration is a slip of the pen."""

LOWEST_RATE, HIGHEST_RATE = Decimal("0.000001"), Decimal(1_000_000)
"""Events per second."""

_QUANTITY = re.compile(r"\s*(-?[0-9]+(?:\.[0-9]+)?)\s*(.*?)\s*")


def _split(text: str, kind: str, example: str) -> tuple[Decimal, str]:
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"write {kind} such as {example}")
    return Decimal(match[1]), match[2]


def seconds(value: object) -> float:
    """`100ms`, `25s`, `5m`, `2h`, `30d` as seconds; a bare number has no unit and is refused."""
    if not isinstance(value, str):
        raise ValueError("write a duration with its unit, such as 100ms, 25s or 5m")
    number, unit = _split(value, "a duration", "100ms, 25s or 5m")
    if unit not in SECONDS:
        raise ValueError(f"write a duration with one of the units {', '.join(SECONDS)}")
    if number <= 0:
        raise ValueError("a duration is above 0")
    exact = number * Decimal(SECONDS[unit])
    if exact > LONGEST:
        raise ValueError(f"a duration is at most {duration_text(LONGEST)}")
    return float(exact)


def span(value: object) -> float:
    """The same for a duration that Prometheus or Alertmanager has to read: they count in whole milliseconds."""
    length = seconds(value)
    if Decimal(str(length)) % Decimal(SECONDS["ms"]):
        raise ValueError("write a duration in whole milliseconds")
    return length


def ratio(value: object) -> float:
    """`85%` or `0.85` as a share between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("write a share such as 85% or 0.85")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("write a share such as 85% or 0.85")
        value = f"{Decimal(repr(value)):f}"
    number, unit = _split(str(value), "a share", "85% or 0.85")
    if unit not in ("", "%"):
        raise ValueError("write a share such as 85% or 0.85")
    share = number / 100 if unit else number
    if not 0 <= share <= 1:
        raise ValueError("a share lies between 0 and 1, or 0% and 100%")
    return float(share)


def rate(value: object) -> float:
    """`40/s` or `600/m` as events per second."""
    if not isinstance(value, str) or "/" not in value:
        raise ValueError("write a rate with its unit, such as 40/s or 600/m")
    number, unit = _split(value, "a rate", "40/s or 600/m")
    per = unit.removeprefix("/").lstrip()
    if per not in PER:
        raise ValueError(f"write a rate per one of {', '.join(PER)}")
    exact = number / Decimal(PER[per])
    if not LOWEST_RATE <= exact <= HIGHEST_RATE:
        raise ValueError(f"a rate lies between {LOWEST_RATE}/s and {HIGHEST_RATE}/s")
    return float(exact)


SIZES = {
    "": "1",
    "B": "1",
    "KB": "1000",
    "MB": "1000000",
    "GB": "1000000000",
    "TB": "1000000000000",
    "KiB": "1024",
    "MiB": "1048576",
    "GiB": "1073741824",
    "TiB": "1099511627776",
}
"""Bytes."""

BOUND_UNITS = {"%": "0.01", **SECONDS, **{name: size for name, size in SIZES.items() if name}}

LARGEST = Decimal(10) ** 18
"""Of a bound: beyond that, neighbouring numbers are the same one to Prometheus."""


def bound(value: object) -> float:
    """The bound of any value: `85%`, `90s`, `2GiB`, `40/s`, or a bare number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("write a bound such as 0.7, 85%, 90s, 2GiB or 40/s")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("write a bound such as 0.7, 85%, 90s, 2GiB or 40/s")
        value = f"{Decimal(repr(value)):f}"
    number, unit = _split(str(value), "a bound", "0.7, 85%, 90s, 2GiB or 40/s")
    if "/" in unit:
        return rate(str(value))
    if unit and unit not in BOUND_UNITS:
        raise ValueError(f"write a bound as a bare number or with one of the units {', '.join(BOUND_UNITS)}, 1/s")
    exact = number * Decimal(BOUND_UNITS[unit] if unit else "1")
    if abs(exact) > LARGEST:
        raise ValueError(f"a bound is at most {LARGEST:.0e}")
    return float(exact)


def bytes_text(value: float) -> str:
    """Bytes in the largest binary unit that divides them: 2147483648 -> 2 GiB."""
    exact = Decimal(str(value))
    for unit in ("TiB", "GiB", "MiB", "KiB", "TB", "GB", "MB", "KB"):
        size = Decimal(SIZES[unit])
        if abs(exact) >= size and exact % size == 0:
            return f"{exact / size:f} {unit}"
    return f"{exact.normalize():f} B"


def duration_text(value: float) -> str:
    """Seconds in the largest unit that divides them: 0.1 -> 100ms, 300 -> 5m.

    Prometheus reads it too, unless it has a fraction of a millisecond.
    """
    exact = Decimal(str(value))
    for unit in ("w", "d", "h", "m", "s"):
        size = Decimal(SECONDS[unit])
        if exact >= size and exact % size == 0:
            return f"{exact / size:f}".removesuffix(".0") + unit
    return f"{(exact * 1000).normalize():f}ms"


def percent_text(value: float) -> str:
    """A share in per cent without rounding it away: 0.001 -> 0.1 %."""
    return f"{(Decimal(str(value)) * 100).normalize():f} %"


def number_text(value: float) -> str:
    """A number without exponent and without rounding: 0.95, 0.999999999."""
    return f"{Decimal(str(value)).normalize():f}"
