"""Pieces of Markdown that the sections of the alert catalogue have in common."""

from __future__ import annotations

from collections.abc import Sequence

from featurewatch.objectives.units import percent_text


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table of Markdown."""
    lines = [header, tuple("---" for _ in header), *rows]
    escaped = [[cell.replace("|", r"\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def link(alert: str) -> str:
    """The name of an alert, leading to its runbook beside the catalogue."""
    return f"[{alert}]({alert}.md)"


def lower(title: str) -> str:
    """A title within a sentence."""
    return title[:1].lower() + title[1:]


def chance_text(value: float) -> str:
    """A probability as people read it."""
    return "under 0.01 %" if value < 1e-4 else percent_text(round(value, 4))
