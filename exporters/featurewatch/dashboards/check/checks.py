"""All checks of all dashboards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from featurewatch import manifests
from featurewatch.dashboards.check.asked import check_asked
from featurewatch.dashboards.check.board import Board
from featurewatch.dashboards.check.finding import Finding
from featurewatch.dashboards.check.grid import check_grid
from featurewatch.dashboards.check.promised import check_promised
from featurewatch.dashboards.check.shape import check_shape
from featurewatch.dashboards.question import TAG
from featurewatch.rules.build import groups
from featurewatch.rules.plan import Plan


def check(files: Mapping[str, str], plan: Plan, recorded: frozenset[str] | None = None) -> tuple[Finding, ...]:
    """Everything that is wrong with the dashboards `files` (name to text), in order; empty when all is well.

    `recorded` are the series that rules record; by default those that the compiler makes from `plan`.
    """
    if recorded is None:
        recorded = frozenset(rule.name for group in groups(plan) for rule in group.recordings)
    known = recorded | manifests.own() | manifests.THIRD_PARTY
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
        findings += [*check_shape(board), *check_grid(board), *check_asked(board, known)]
    findings += _addresses(boards)
    findings += check_promised(boards, plan, next(iter(files), "dashboards"))
    return tuple(sorted(set(findings)))


def _addresses(boards: list[Board]) -> Iterator[Finding]:
    """A uid is what alerts and bookmarks link to: stable because it is the file's name, and only one has it."""
    counts = Counter(board.data.get("uid") for board in boards)
    for board in boards:
        uid, wanted = board.data.get("uid"), f"{TAG}-{PurePath(board.file).stem}"
        if uid != wanted:
            yield board.error(None, f"uid {uid!r} does not follow from the file's name", f"make it {wanted!r}")
        elif counts[uid] > 1:
            yield board.error(None, f"{counts[uid]} dashboards have the uid {uid!r}", "rename one of the files")
