"""Every planted fault is caught, at its line; what is right is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from featurewatch import manifests
from featurewatch.lint.checks import Context, check
from featurewatch.lint.finding import Finding
from featurewatch.lint.source import read

CHECKOUT = Path(__file__).resolve().parent.parent
PLANTED = yaml.safe_load((CHECKOUT / "tests/lint/planted.yaml").read_text(encoding="utf-8"))
FAULTS: list[dict[str, Any]] = PLANTED["faults"]
CLEAN: list[dict[str, Any]] = PLANTED["clean"]


def written(rules: list[dict[str, Any]]) -> str:
    """A rule file whose first rule stands in line 3, one key a line."""
    body = yaml.safe_dump(rules, sort_keys=False, width=1000)
    return "groups:\n  - rules:\n" + "".join(f"      {line}\n" for line in body.splitlines()) + "    name: planted\n"


def found(case: dict[str, Any], folder: Path) -> list[Finding]:
    file = folder / "planted.rules.yaml"
    file.write_text(written(case["rules"]), encoding="utf-8")
    texts = read([file])
    known = manifests.own() | manifests.THIRD_PARTY
    readers = frozenset[str]() if case.get("used") else None
    context = Context(15.0, known, CHECKOUT / "docs/alerts", readers)
    return [*texts.findings, *check(texts.rules, context)]


@pytest.mark.parametrize("case", FAULTS, ids=[case["name"] for case in FAULTS])
def test_the_planted_fault_is_caught_at_its_line(case: dict[str, Any], tmp_path: Path) -> None:
    findings = found(case, tmp_path)

    assert (case["check"], case["line"]) in {(finding.check, finding.line) for finding in findings}
    assert all(finding.what and finding.remedy and finding.rule for finding in findings)


@pytest.mark.parametrize("case", CLEAN, ids=[case["name"] for case in CLEAN])
def test_what_is_right_is_left_alone(case: dict[str, Any], tmp_path: Path) -> None:
    assert found(case, tmp_path) == []


def test_all_planted_faults_are_caught(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    caught = [case for case in FAULTS if case["check"] in {finding.check for finding in found(case, tmp_path)}]
    with capsys.disabled():
        print(f"\nplanted faults caught: {len(caught)} / {len(FAULTS)}")

    assert len(FAULTS) >= 20
    assert caught == FAULTS
