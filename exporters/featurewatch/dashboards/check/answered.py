"""What a Prometheus that runs under traffic says to every query of every dashboard: a gap or nonsense is a finding."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from featurewatch.dashboards.check.finding import Finding
from featurewatch.dashboards.live import Answer, run_queries, unexpected
from featurewatch.faults import Failure

REMEDIES: Mapping[str, str] = {
    "empty": (
        "let traffic flow for as long as its window, else correct a label or a name; "
        "where nothing is good news, say so with a text of `quiet.py`"
    ),
    "not a number": "leave out what divides by nothing, such as with `> 0` behind the divisor",
    "refused": "correct the query: Prometheus does not run it",
}


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back of all dashboards."""

    queries: int
    findings: tuple[Finding, ...]
    excused: Mapping[str, tuple[str, ...]]
    """Why panels may be empty, and the titles of those that are, for that reason."""

    def __str__(self) -> str:
        empty = sum(len(panels) for panels in self.excused.values())
        reasons = f", {empty} panels empty for {len(self.excused)} known reasons" if empty else ""
        return f"{self.queries} queries, {len(self.findings)} without a number{reasons}"


def ask(generated: Mapping[str, str], prometheus: str, client: httpx.Client) -> Answered:
    """Every query of the dashboards (file name to JSON), as Grafana asks when they are opened. Raises `Failure` where
    nobody answers as Prometheus does."""
    answers: list[tuple[str, Answer]] = []
    try:
        for file, text in generated.items():
            answers += [(file, answer) for answer in run_queries(json.loads(text), prometheus, client=client)]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"{prometheus} does not answer as Prometheus does: {error}"
        raise Failure(f"{what}; give the address of its API, such as http://127.0.0.1:9090") from error
    findings: list[Finding] = []
    for file in generated:
        for answer in unexpected(answer for of, answer in answers if of == file):
            detail = f", {answer.detail}" if answer.detail else ""
            what = f"query {answer.ref_id} is {answer.state}{detail}: {' '.join(answer.query.split())}"
            findings.append(Finding("error", file, answer.panel, what, REMEDIES[answer.state]))
    return Answered(len(answers), tuple(findings), _excused(answers))


def _excused(answers: list[tuple[str, Answer]]) -> dict[str, tuple[str, ...]]:
    filled = {(file, answer.panel) for file, answer in answers if answer.state == "filled"}
    empty = Counter(
        (answer.reason, answer.panel)
        for file, answer in answers
        if answer.state == "empty" and answer.reason and (file, answer.panel) not in filled
    )
    reasons: dict[str, tuple[str, ...]] = {}
    for reason, panel in sorted(empty):
        reasons[reason] = (*reasons.get(reason, ()), panel)
    return reasons
