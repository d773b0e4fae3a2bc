"""What happened when, in seconds since the fault began; and where those seconds went."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from featurewatch.demo.escalation import Receipt


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that was seen to happen."""

    at: float
    """Unix seconds."""
    actor: str
    """Who did it: extractor, prometheus, email, slack, …"""
    what: str


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The seconds between the first bad extraction and the message, as measured."""

    scrape: float
    """Until a scrape saw the first bad extraction."""
    window: float
    """From there until a scrape that held enough of them."""
    evaluation: float
    """From that scrape to the evaluation that noticed."""
    hold: float
    """`for`, in whole evaluations."""
    delivery: float
    """From the evaluation that fired to the last channel's message: grouping and sending."""

    @property
    def total(self) -> float:
        return self.scrape + self.window + self.evaluation + self.hold + self.delivery


@dataclass(slots=True)
class Timeline:
    """The story so far."""

    moments: list[Moment] = field(default_factory=list)
    began: float | None = None
    """Unix seconds at which the fault began."""
    breakdown: Breakdown | None = None
    missing: list[str] = field(default_factory=list)
    """Messages that were owed and did not come."""
    unwanted: list[str] = field(default_factory=list)
    """Messages that came and were not owed."""
    received: list[Receipt] = field(default_factory=list)
    """What each person got, where the story is about who is told."""

    def as_mapping(self) -> dict[str, object]:
        """Plain data for `--json`."""
        return {
            "began": self.began,
            "moments": [asdict(moment) | {"seconds": self.seconds(moment)} for moment in self.moments],
            "breakdown": asdict(self.breakdown) | {"total": self.breakdown.total} if self.breakdown else None,
            "missing": self.missing,
            "unwanted": self.unwanted,
            "received": [asdict(receipt) for receipt in self.received],
        }

    def seconds(self, moment: Moment) -> float | None:
        """Since the fault began; None while it has not."""
        return None if self.began is None else moment.at - self.began


def line(timeline: Timeline, moment: Moment) -> str:
    """A moment as a line of text."""
    seconds = timeline.seconds(moment)
    stamp = f"{seconds:>8.1f} s" if seconds is not None else f"{'…':>10}"
    return f"{stamp}  {moment.actor:<10}  {moment.what}"


def table(timeline: Timeline) -> str:
    """All moments in order."""
    return "\n".join(line(timeline, moment) for moment in sorted(timeline.moments, key=lambda moment: moment.at))
