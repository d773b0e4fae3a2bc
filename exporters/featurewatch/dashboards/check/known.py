"""What the queries of dashboards are judged against: the series that exist, and what rules have computed already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

import promql_parser

from featurewatch import manifests, names
from featurewatch.dashboards import promql
from featurewatch.lint.checks import recorded_labels
from featurewatch.lint.labels import Labels
from featurewatch.lint.source import RuleText, Text
from featurewatch.rules.build import groups
from featurewatch.rules.model import Recording
from featurewatch.rules.plan import Plan

CHOSEN: Final = frozenset({names.ENVIRONMENT, names.SERVICE, names.EXTRACTOR, names.CACHE_NAME})
"""Labels that a panel selects by what was chosen, not by what it is about."""


@dataclass(frozen=True, slots=True)
class Sum:
    """`sum by (labels) (function(metric{matchers}[…]))`: what a panel must not compute when a rule does."""

    function: str
    metric: str
    matchers: frozenset[tuple[str, str, str]]
    by: frozenset[str]

    def holds(self, other: Sum) -> bool:
        """Whether the other one can be had from this one by adding up further."""
        same = (self.function, self.metric) == (other.function, other.metric)
        about = frozenset(matcher for matcher in other.matchers if matcher[0] not in CHOSEN)
        chosen = {matcher[0] for matcher in other.matchers - about} - {names.ENVIRONMENT}
        kept = frozenset(matcher for matcher in self.matchers if matcher[0] != names.SERVICE)
        return same and about == kept and other.by | chosen <= self.by


@dataclass(frozen=True, slots=True)
class Known:
    """The world of the queries."""

    series: frozenset[str]
    """Every name that is exported or recorded."""
    labels: dict[str, Labels]
    """Of recorded series."""
    sums: tuple[tuple[Sum, str], ...]
    """What rules record, and under which name."""

    @classmethod
    def of(cls, plan: Plan, recorded: frozenset[str] | None = None) -> Self:
        """`recorded` are the series that rules record; by default those that the compiler makes from `plan`."""
        made = [recording for group in groups(plan) for recording in group.recordings]
        named = frozenset(recording.name for recording in made) if recorded is None else recorded
        sums = ((found, recording.name) for recording in made for found in _whole(recording))
        return cls(named | manifests.own() | manifests.THIRD_PARTY, recorded_labels(map(_text, made)), tuple(sums))

    def recorded_as(self, computed: Sum) -> str | None:
        """The recorded series that has it, if any."""
        return next((name for kept, name in self.sums if kept.holds(computed)), None)


def sums(trees: Iterable[promql_parser.Expr]) -> Iterator[tuple[Sum, promql_parser.MatrixSelector]]:
    """Every sum of a rate in the trees, with what it looks back over."""
    for tree in trees:
        for node in promql.nodes(tree):
            found = _sum(node)
            if found is not None:
                yield found


def _whole(recording: Recording) -> Iterator[Sum]:
    """What the rule records is itself a sum of a rate; a part of something larger is not recorded."""
    found = _sum(promql.parse(recording.expr))
    if found is not None:
        yield found[0]


def _sum(node: promql_parser.Expr) -> tuple[Sum, promql_parser.MatrixSelector] | None:
    if not (isinstance(node, promql_parser.AggregateExpr) and str(node.op) == "sum"):
        return None
    if node.modifier is not None and node.modifier.type != promql_parser.AggModifierType.By:
        return None
    call = node.expr
    while isinstance(call, promql_parser.ParenExpr):
        call = call.expr
    if not (isinstance(call, promql_parser.Call) and len(call.args) == 1):
        return None
    looked = call.args[0]
    if not isinstance(looked, promql_parser.MatrixSelector) or looked.vector_selector.name is None:
        return None
    matchers = frozenset((one.name, str(one.op), one.value) for one in looked.vector_selector.matchers.matchers)
    by = frozenset(node.modifier.labels if node.modifier is not None else ())
    return Sum(call.func.name, looked.vector_selector.name, matchers, by), looked


def _text(recording: Recording) -> RuleText:
    tree = promql.parse(recording.expr)
    return RuleText("", 0, recording.name, False, Text(recording.expr, 0), tree, True)
