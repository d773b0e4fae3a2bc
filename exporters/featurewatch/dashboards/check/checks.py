"""All checks of all dashboards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Self

from featurewatch.dashboards.check.around import Places, check_around
from featurewatch.dashboards.check.asked import check_asked
from featurewatch.dashboards.check.board import Board
from featurewatch.dashboards.check.finding import Finding
from featurewatch.dashboards.check.grid import check_grid
from featurewatch.dashboards.check.known import Known
from featurewatch.dashboards.check.overrides import check_overrides
from featurewatch.dashboards.check.promised import check_promised
from featurewatch.dashboards.check.schema import check_schema
from featurewatch.dashboards.check.shape import check_shape
from featurewatch.dashboards.question import TAG
from featurewatch.rules.build import groups
from featurewatch.rules.plan import Plan


@dataclass(frozen=True, slots=True)
class Checker:
    """What dashboards are judged against; made once, it judges any number of them."""

    plan: Plan
    known: Known
    places: Places

    @classmethod
    def of(cls, plan: Plan, files: Iterable[str], recorded: frozenset[str] | None = None) -> Self:
        """For the dashboards in `files`. `recorded` are the series that rules record; by default the plan's."""
        alerts = frozenset(alert.name for group in groups(plan) for alert in group.alerts)
        uids = frozenset(address(file) for file in files)
        return cls(plan, Known.of(plan, recorded), Places(uids, alerts, plan.objectives.runbooks))

    def alone(self, board: Board) -> Iterator[Finding]:
        """What is wrong with one of them."""
        yield from _address(board)
        yield from check_schema(board)
        yield from check_shape(board)
        yield from check_overrides(board)
        yield from check_grid(board)
        yield from check_asked(board, self.known)
        yield from check_around(board, self.places)

    def together(self, boards: Sequence[Board], where: str) -> Iterator[Finding]:
        """What is wrong with all of them; at `where` if it is in none of them."""
        yield from _addresses(boards)
        yield from check_promised(boards, self.plan, where)


def check(files: Mapping[str, str], plan: Plan, recorded: frozenset[str] | None = None) -> tuple[Finding, ...]:
    """Everything that is wrong with the dashboards `files` (name to text), in order; empty when all is well.

    `recorded` are the series that rules record; by default those that the compiler makes from `plan`.
    """
    checker = Checker.of(plan, files, recorded)
    boards: list[Board] = []
    findings: list[Finding] = []
    for name, text in files.items():
        try:
            data = json.loads(text)
        except ValueError as error:
            findings.append(Finding("error", name, "", f"not JSON: {error}", "generate it again"))
            continue
        if not isinstance(data, dict):
            findings.append(Finding("error", name, "", "not a JSON object", "generate it again"))
            continue
        boards.append(Board(name, data))
    for board in boards:
        findings += checker.alone(board)
    findings += checker.together(boards, next(iter(files), "dashboards"))
    return tuple(sorted(set(findings)))


def address(file: str) -> str:
    """The uid of the dashboard in `file`."""
    return f"{TAG}-{PurePath(file).stem}"


def _address(board: Board) -> Iterator[Finding]:
    """A uid is what alerts and bookmarks link to: stable because it is the file's name."""
    uid, wanted = board.data.get("uid"), address(board.file)
    if uid != wanted:
        yield board.error(None, f"uid {uid!r} does not follow from the file's name", f"make it {wanted!r}")


def _addresses(boards: Sequence[Board]) -> Iterator[Finding]:
    counts = Counter(repr(board.data.get("uid")) for board in boards)
    for board in boards:
        count = counts[repr(board.data.get("uid"))]
        if count > 1:
            what = f"{count} dashboards have the uid {board.data.get('uid')!r}"
            yield board.error(None, what, "rename one of the files")
