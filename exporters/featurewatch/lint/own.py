"""What our own rules are judged against: the plan's intervals, the manifests, the runbooks, and who reads them."""

from __future__ import annotations

from pathlib import Path

from featurewatch import manifests
from featurewatch.lint.checks import Context, check
from featurewatch.lint.finding import Finding
from featurewatch.lint.source import read
from featurewatch.rules.dependencies import names_in
from featurewatch.rules.plan import Plan
from featurewatch.rules.runbooks import FOLDER

READERS = ("dashboards/out/*.json", "docs/**/*.md", "exporters/featurewatch/**/*.py")
"""Beside the rules: panels, pages with queries, and programs that ask Prometheus."""


def rule_files(root: Path) -> list[Path]:
    return sorted((root / "rules").glob("*.rules.yaml"))


def context(root: Path, plan: Plan) -> Context:
    """What the checkout at `root` declares and reads."""
    readers: set[str] = set()
    for pattern in READERS:
        for file in root.glob(pattern):
            readers |= {name for name in names_in(file.read_text(encoding="utf-8")) if ":" in name}
    known = manifests.own() | manifests.THIRD_PARTY | plan.objectives.metrics
    return Context(plan.timing.scrape_interval, known, root / FOLDER, frozenset(readers))


def findings(root: Path, plan: Plan) -> list[Finding]:
    """What is wrong with the rules of this checkout, as they are written."""
    texts = read(rule_files(root), root)
    return sorted([*texts.findings, *check(texts.rules, context(root, plan))])
