"""Tables, for a person or for a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def show(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table. Nothing is ever shortened: a path that lost its end is of no use."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        print(f"{_BOLD}{text}{_PLAIN}" if line is header and sys.stdout.isatty() else text)


def show_json(value: Any) -> None:
    """Print a value for a program: JSON, and nothing else on standard output."""
    print(json.dumps(value, indent=2, default=str))


def tell(line: str) -> None:
    """A step on the way, as soon as it is taken. On standard error: standard output is for what was asked."""
    print(f"  {line}", file=sys.stderr, flush=True)
