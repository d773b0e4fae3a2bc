"""A stage for repair: a database, a clock that tests turn, alerts that fire and end, a target that behaves as told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from featurewatch.objectives import repair
from featurewatch.objectives.model import Severity
from featurewatch.objectives.repair import Action, Guards, Trigger
from featurewatch.responder.anchor import Anchor
from featurewatch.responder.audit import Audit, Entry, entries
from featurewatch.responder.database import Database, open_database
from featurewatch.responder.firing import Told
from featurewatch.responder.intake import take
from featurewatch.responder.repair import run as runs
from featurewatch.responder.repair.engine import Engine
from featurewatch.responder.repair.ledger import Ledger
from featurewatch.responder.repair.run import Run
from featurewatch.responder.repair.target import Call, Refused, State, Unknown

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
"""A Monday."""

KEY = bytes(range(32))

Behaviour = Literal["good", "refusing", "slow", "lying", "half-done", "silent", "deaf"]


@dataclass
class Replicas:
    """Replicas in memory. `slow` takes a wish and says nothing; `deaf` hears nothing and says nothing; `silent` cannot
    be read."""

    name: str = "ray"
    timeout: float = 1.0
    count: int = 1
    behaviour: Behaviour = "good"
    wishes: list[tuple[str, State]] = field(default_factory=list)

    def read(self) -> State:
        if self.behaviour == "silent":
            raise Unknown(f"{self.name} does not answer")
        return {"replicas": self.count}

    def calls(self, wished: State) -> tuple[Call, ...]:
        return () if self.holds(wished, self.read()) else (Call("PUT", "http://ray/scale", json.dumps(dict(wished))),)

    def wish(self, wished: State, key: str) -> None:
        self.wishes.append((key, dict(wished)))
        count = wished["replicas"]
        assert isinstance(count, int)
        match self.behaviour:
            case "refusing":
                raise Refused("no such deployment; nothing was changed")
            case "deaf":
                raise Unknown("timed out")
            case "lying":
                return
            case "half-done":
                self.count += (count > self.count) - (count < self.count)
            case "slow":
                self.count = count
                raise Unknown("timed out")
            case _:
                self.count = count

    def holds(self, wished: State, found: State) -> bool:
        return all(found.get(name) == value for name, value in wished.items())


TARGET = repair.Target(name="ray", kind="ray-serve", url="http://ray:8265", timeout=1.0)

GUARDS = Guards(
    cool_down=600.0,
    per_hour=4,
    share=0.5,
    approval=None,
    approval_within=3600.0,
    time_limit=300.0,
    recovers_within=600.0,
    roll_back=True,
    failures=3,
    not_during=(),
)

GROW = Action(
    name="grow",
    kind="scale-up",
    on=(Trigger("ExtractionTooSlow", Severity.HIGH),),
    target=TARGET,
    mode="real",
    replicas=(1, 2, 4),
    guards=GUARDS,
)


def guarded(action: Action = GROW, **changes: Any) -> Action:
    return replace(action, guards=replace(action.guards, **changes))


class Stage:
    """One responder's engine, or several, on one database."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.now = START
        self.folder = folder
        self.database = database
        self.anchor = Anchor(folder / "anchor")
        self.target = Replicas()
        self.actions: list[Action] = [GROW]
        self.ledger = Ledger(database, Audit(KEY), self.anchor, lambda: self.now)
        self.engine = self.another()

    def another(self) -> Engine:
        """One more responder on the same database."""
        return Engine(self.ledger, lambda: self.actions, lambda _: self.target)

    def go(self, seconds: float = 0.0, rounds: int = 1) -> None:
        """Let time pass, then the engine work."""
        self.now += timedelta(seconds=seconds)
        for _ in range(rounds):
            self.engine.work()

    def fire(
        self, severity: str = "high", number: int = 1, name: str = "ExtractionTooSlow", extractor: str = ""
    ) -> None:
        self._tell(severity, number, name, None, extractor)

    def resolve(self, severity: str = "high", number: int = 1, name: str = "ExtractionTooSlow") -> None:
        self._tell(severity, number, name, self.now, "")

    def _tell(self, severity: str, number: int, name: str, ended: datetime | None, extractor: str) -> None:
        labels = {"alertname": name, "severity": severity, "service": "s", "extractor": extractor or f"e{number}"}
        take(self.database, [Told(f"{severity}{number:x}", START, ended, labels)], self.now)

    def runs(self) -> list[Run]:
        """The oldest first."""
        with self.database.reading() as connection:
            return sorted(
                (one for name in {a.name for a in self.actions} for one in runs.recent(connection, name)),
                key=lambda one: one.id,
            )

    @property
    def states(self) -> list[str]:
        return [one.state for one in self.runs()]

    def entries(self) -> list[Entry]:
        with self.database.reading() as connection:
            return list(entries(connection))

    @property
    def story(self) -> list[str]:
        """The kinds of the audit's entries."""
        return [entry.decision.kind for entry in self.entries()]

    def flaws(self) -> list[Any]:
        with self.database.reading() as connection:
            return list(Audit(KEY).flaws(entries(connection), self.anchor.heads()))


@contextmanager
def staged(folder: Path, url: str | None = None) -> Iterator[Stage]:
    database = open_database(url or f"sqlite:///{folder / 'history.db'}")
    database.migrate()
    try:
        yield Stage(folder, database)
    finally:
        database.close()
