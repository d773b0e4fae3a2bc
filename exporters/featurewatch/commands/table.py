"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table


def show(header: Sequence[str], rows: Iterable[Sequence[str]], console: Console | None = None) -> None:
    """Print a table; on a pipe it is plain and never shortened."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in header:
        table.add_column(name, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    out = console or Console()
    if not out.is_terminal:
        out = Console(width=200)
    out.print(table)
