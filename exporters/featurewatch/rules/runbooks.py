"""The runbooks docs/alerts/<Alert>.md: one for each alert, all with the same headings, asking only for what exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import promql_parser as promql

from featurewatch import manifests
from featurewatch.faults import Fault
from featurewatch.rules.build import groups
from featurewatch.rules.plan import Plan
from featurewatch.rules.runbook_stubs import MARK

FOLDER = "docs/alerts"
CATALOGUE = "README.md"

HEADINGS = (
    "What it means",
    "What the user feels",
    "First three queries",
    "Likely causes",
    "How to silence it",
    "When to escalate",
)
"""In this order; half asleep one reads by position."""

_HEADING = re.compile(r"^## (?P<text>.+)$", re.MULTILINE)
_QUERY = re.compile(r"--data-urlencode 'query=(?P<expr>[^']+)'")
_SILENCE = re.compile(r"^amtool silence add .*alertname=(?P<alert>\w+)", re.MULTILINE)


def faults(root: Path, plan: Plan) -> list[Fault]:
    """Runbooks that are missing, left over, without a heading, or that ask for a series that nobody writes."""
    folder = root / FOLDER
    built = groups(plan)
    alerts = {alert.name for group in built for alert in group.alerts}
    known = {rule.name for group in built for rule in group.recordings}
    known |= manifests.own() | manifests.THIRD_PARTY | plan.objectives.metrics
    pages = {path.stem: path for path in sorted(folder.glob("*.md")) if path.name != CATALOGUE}
    found = [
        Fault(f"{FOLDER}/{alert}.md", 0, 0, "is missing", "`make generate` writes one to begin with")
        for alert in sorted(alerts - pages.keys())
    ]
    for alert, path in pages.items():
        place = f"{FOLDER}/{path.name}"
        if alert in alerts:
            found += _page(place, alert, path.read_text(encoding="utf-8"), known)
        else:
            found.append(Fault(place, 0, 0, "is left over, no alert has this name", "remove or rename it"))
    return found


def unwritten(root: Path) -> list[Fault]:
    """Runbooks of which parts are still as `make generate` left them."""
    return [
        Fault(
            f"{FOLDER}/{path.name}", _line(text, text.index(MARK)), 1, "is not written yet", "say what is marked there"
        )
        for path in sorted((root / FOLDER).glob("*.md"))
        if MARK in (text := path.read_text(encoding="utf-8"))
    ]


def queries(text: str) -> list[tuple[int, str]]:
    """(line, expression) of every query that a page tells to run."""
    return [(_line(text, match.start("expr")), match["expr"]) for match in _QUERY.finditer(text)]


def _page(place: str, alert: str, text: str, known: set[str]) -> Iterator[Fault]:
    if not text.startswith(f"# {alert}\n"):
        yield Fault(place, 1, 1, "does not begin with the name of the alert", f"begin with `# {alert}`")
    headings = tuple(match["text"] for match in _HEADING.finditer(text))
    for heading in HEADINGS:
        if heading not in headings:
            yield Fault(place, 0, 0, f"has no heading `## {heading}`", "add it, all runbooks have the same")
    if sorted(headings) == sorted(HEADINGS) and headings != HEADINGS:
        yield Fault(place, 0, 0, "has its headings in another order", f"order them {', '.join(HEADINGS)}")
    silenced = {match["alert"] for match in _SILENCE.finditer(text)}
    if silenced != {alert}:
        yield Fault(place, 0, 0, f"does not say how to silence {alert}", f"amtool silence add alertname={alert} …")
    asked = queries(text)
    if not asked:
        yield Fault(place, 0, 0, "has no query to begin with", "curl … --data-urlencode 'query=…'")
    for line, expr in asked:
        for what in _phantoms(expr, known):
            yield Fault(place, line, 1, what, "name a series that a rule records or an exporter exports")


def _phantoms(expr: str, known: set[str]) -> Iterator[str]:
    """What is wrong with a query: its grammar, or series that do not exist."""
    try:
        tree = promql.parse(expr)
    except ValueError as error:
        yield f"`{expr}` is no PromQL: {error}"
        return
    selectors: list[promql.VectorSelector] = []
    promql.walk(tree, lambda node: selectors.append(node) if isinstance(node, promql.VectorSelector) else None)
    for selector in selectors:
        patterns = [re.escape(selector.name)] if selector.name else []
        patterns += [matcher.value for matcher in selector.matchers.matchers if matcher.name == "__name__"]
        for pattern in patterns:
            if not any(re.fullmatch(pattern, name) for name in known):
                yield f"no series is called {selector.name or pattern}"


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
