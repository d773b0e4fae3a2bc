"""What the commands that ask a responder share: filters, tables, times, refusals."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from featurewatch.commands.table import show, show_json
from featurewatch.faults import Fault, Faulty
from featurewatch.objectives.units import duration_text

FILTERS: Final = ("alertname", "service", "extractor", "severity", "since", "until")


def filters(options: argparse.Namespace) -> dict[str, Any]:
    """What narrows a listing, as the responder calls it."""
    return {name: getattr(options, name) for name in FILTERS}


def listed(
    options: argparse.Namespace, found: Sequence[Any], header: Sequence[str], row: Callable[[Any], Iterable[str]]
) -> None:
    """Print what was found: a table of these columns, or JSON with `--json`."""
    if options.json:
        show_json(found)
    else:
        show(header, [tuple(plain(cell) for cell in row(one)) for one in found])


def say(options: argparse.Namespace, value: Any, text: str) -> None:
    """Print what was done: in a line, or as JSON with `--json`."""
    if options.json:
        show_json(value)
    else:
        print(plain(text))


def plain(text: str) -> str:
    """Without what a terminal would obey: labels come from anywhere."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def time_text(text: str) -> str:
    """A time of the responder in UTC, to the second."""
    return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def seconds_between(begins: str, ends: str | None) -> float:
    """Seconds from its begin to its end; to now while it lasts."""
    until = datetime.now(UTC) if ends is None else datetime.fromisoformat(ends)
    return max(0.0, (until - datetime.fromisoformat(begins)).total_seconds())


def length(seconds: float) -> str:
    """Seconds as a person says them."""
    return duration_text(float(round(seconds))) if round(seconds) else "0s"


def unusable(where: str, what: str, remedy: str) -> Faulty:
    """A call that cannot be used (exit status 2): where, what is wrong with it, and the remedy."""
    return Faulty([Fault(where, 0, 0, what, remedy)])
