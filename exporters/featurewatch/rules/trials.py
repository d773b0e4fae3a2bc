"""The test cases that could notice a change of one rule, each by itself and with only the rules that it needs. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from featurewatch.rules.dependencies import downstream, looked_at, read_by, upstream
from featurewatch.rules.model import Group, Rule

TestFile = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trial:
    """One case of a test file."""

    file: str
    name: str
    """Of the file and of the case, for messages."""
    text: str
    """The test file that holds only this case; its rules stand beside it."""
    groups: tuple[Group, ...]
    """The rules that the case needs."""

    def with_rule(self, original: Rule, changed: Rule) -> tuple[Group, ...]:
        """The rules that the case needs, one of them changed."""
        return tuple(
            replace(group, rules=tuple(changed if rule == original else rule for rule in group.rules))
            for group in self.groups
        )


def trials(groups: tuple[Group, ...], tests: Mapping[str, TestFile], name: str, position: int) -> list[Trial]:
    """Those of the rule at this place; those that look at the rule itself first, the short ones first of these."""
    rule = next(group for group in groups if group.name == name).rules[position].name
    affected = downstream(groups, rule)
    found = []
    for file, content in sorted(tests.items()):
        loaded = tuple(group for group in groups if f"../{group.name}.rules.yaml" in content["rule_files"])
        if name not in {group.name for group in loaded}:
            continue
        for number, case in enumerate(content["tests"]):
            shortened = _shortened(case, affected)
            seen = looked_at({"tests": [shortened]}) & affected
            if not seen:
                continue
            needed = upstream(loaded, seen)
            kept = tuple(replace(group, rules=tuple(r for r in group.rules if r.name in needed)) for group in loaded)
            kept = tuple(group for group in kept if group.rules)
            text = json.dumps(_alone(content, shortened, kept))
            found.append(
                (rule not in seen, len(text), Trial(file, f"{file}: {number}: {case.get('name')}", text, kept))
            )
    return [trial for _, _, trial in sorted(found, key=lambda each: each[:2])]


def _shortened(case: Mapping[str, Any], affected: set[str]) -> dict[str, Any]:
    """With only those expectations that are about these rules."""
    looks = [look for look in case.get("alert_rule_test") or () if look["alertname"] in affected]
    values = [check for check in case.get("promql_expr_test") or () if _looked_at_by(check) & affected]
    return {**case, "alert_rule_test": looks, "promql_expr_test": values}


def _looked_at_by(check: Mapping[str, Any]) -> set[str]:
    """Series that an expected value is about."""
    return looked_at({"tests": [{"promql_expr_test": [check]}]})


def _alone(content: TestFile, case: dict[str, Any], kept: tuple[Group, ...]) -> dict[str, Any]:
    """A test file of one case, fed only what its rules read."""
    read = {metric for group in kept for rule in group.rules for metric in read_by(rule)} | looked_at({"tests": [case]})
    fed = [series for series in case["input_series"] if series["series"].split("{")[0] in read]
    return {
        **content,
        "rule_files": [f"{group.name}.rules.yaml" for group in kept],
        "group_eval_order": [group.name for group in kept],
        "tests": [{**case, "input_series": fed}],
    }
