"""Objectives in many shapes, compiled and written down for promtool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests import objectives_sample

from featurewatch.objectives import load
from featurewatch.rules import promtool_tests
from featurewatch.rules.build import groups
from featurewatch.rules.cases import EXTRACTOR
from featurewatch.rules.model import Group, render
from featurewatch.rules.plan import Plan, plan
from featurewatch.yaml_text import dump

LATENCY_LIMITS = """\
    limits:
      - { above: 100ms, severity: high }
      - { above: 150ms, severity: critical }
"""
CACHE_LIMITS = """\
    limits:
      - { below: 85%, severity: medium }
"""
FALLBACK_LIMITS = """\
    limits:
      - { above: 5%, severity: medium }
"""


def changed(*changes: tuple[str, str]) -> str:
    """The sample objectives with each text, which must stand there once, replaced by another."""
    text: str = objectives_sample.TEXT
    for before, after in changes:
        if text.count(before) != 1:
            raise ValueError(f"{before!r} stands in the sample {text.count(before)} times")
        text = text.replace(before, after)
    return text


@dataclass(frozen=True)
class Written:
    """A folder as `make generate` would write it."""

    plan: Plan
    groups: tuple[Group, ...]
    rules: list[Path]
    tests: list[Path]


def planned(folder: Path, text: str) -> Plan:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "objectives.yaml"
    file.write_text(text, encoding="utf-8")
    return plan(load(file))


def write_rules(folder: Path, text: str) -> tuple[Plan, tuple[Group, ...]]:
    """Compile `text` into `folder`/rules, without the tests."""
    decided = planned(folder, text)
    built = groups(decided)
    (folder / "rules" / "tests").mkdir(parents=True)
    for group in built:
        (folder / "rules" / f"{group.name}.rules.yaml").write_text(dump(render(group)), encoding="utf-8")
    return decided, built


def write(folder: Path, text: str, extractor: str = EXTRACTOR) -> Written:
    """Compile `text` into `folder`/rules."""
    decided, built = write_rules(folder, text)
    tests = folder / "rules" / "tests"
    for name, content in promtool_tests.files_about(decided, built, extractor).items():
        (tests / name).write_text(dump(content), encoding="utf-8")
    rules = sorted((folder / "rules").glob("*.rules.yaml"))
    return Written(decided, built, rules, sorted(tests.glob("*.test.yaml")))
