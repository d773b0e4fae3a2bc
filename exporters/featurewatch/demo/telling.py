"""A story on a console: one line a moment, a few lines a message, and what it came to."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from featurewatch.demo.inbox.message import Delivery
from featurewatch.demo.timeline import Moment, Timeline, line, table

WIDTH = 110
"""Characters after which a shown line is cut."""

SHOWN_LINES = 4
"""Lines shown of a message's text; the inbox has the rest."""

MARGIN = " " * 12


class Telling:
    """Tells a story on a console."""

    def __init__(self, console: Console, timeline: Timeline) -> None:
        self._console = console
        self._timeline = timeline

    def moment(self, moment: Moment) -> None:
        """What happened."""
        self._print(escape(line(self._timeline, moment)))

    def delivery(self, delivery: Delivery) -> None:
        """What was received, in short."""
        for text in excerpt(delivery):
            self._print(f"[dim]{MARGIN}│ {escape(text)}[/dim]")

    def summary(self) -> None:
        """The whole timeline, where the seconds went, and what is missing."""
        self._print("\n[bold]timeline[/bold]")
        self._print(escape(table(self._timeline)))
        if self._timeline.breakdown is not None:
            parts = self._timeline.breakdown
            self._print("\n[bold]from the first bad extraction to the last message[/bold]")
            rows = (
                ("scrape", parts.scrape),
                ("window", parts.window),
                ("evaluation", parts.evaluation),
                ("for", parts.hold),
                ("grouping and sending", parts.delivery),
                ("in all", parts.total),
            )
            for name, seconds in rows:
                self._print(f"{seconds:>8.1f} s  {name}")
        if self._timeline.received:
            self._print("\n[bold]what each received[/bold]")
        for who in dict.fromkeys(receipt.who for receipt in self._timeline.received):
            self._print(escape(who))
            for receipt in self._timeline.received:
                if receipt.who == who:
                    seconds = receipt.at - (self._timeline.began or receipt.at)
                    self._print(f"{seconds:>8.1f} s  {escape(_cut(receipt.what))}")
        for missing in self._timeline.missing:
            self._print(f"[bold red]missing[/bold red] {escape(missing)}")
        for unwanted in self._timeline.unwanted:
            self._print(f"[bold red]not owed[/bold red] {escape(unwanted)}")
        if not self._timeline.missing and not self._timeline.unwanted:
            self._print("\neverything that was owed arrived")

    def _print(self, text: str) -> None:
        # Never wrapped: a line of a log is a line, and a terminal wraps by itself.
        self._console.print(text, soft_wrap=True)


def excerpt(delivery: Delivery) -> list[str]:
    """The message in few lines: to whom and about what, then the beginning of its text without addresses."""
    to = f"{', '.join(delivery.recipients)}: " if delivery.recipients else ""
    body = [" ".join(text.split()) for text in delivery.body.splitlines()]
    said = [text for text in body if text and "://" not in text and text not in delivery.summary]
    return [_cut(text) for text in (f"{to}{delivery.summary}", *said[:SHOWN_LINES])]


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 2]} …"
