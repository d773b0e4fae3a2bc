"""Rules against a server that runs: series and labels that were never seen in it. Any server with Prometheus' API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import httpx
import promql_parser as promql

from featurewatch.dashboards import promql as queries
from featurewatch.faults import Failure
from featurewatch.lint.checks import asked
from featurewatch.lint.finding import Finding
from featurewatch.lint.source import RuleText, Text


class ServerFailure(Failure):
    """The server could not be asked; says which, why, and what to do."""


@dataclass(slots=True)
class Server:
    """What a server has seen of late. Asks for each selector and metric once."""

    url: str
    client: httpx.Client
    since: float = 86400.0
    """Seconds that count as of late."""
    _seen: dict[str, bool] = field(default_factory=dict)
    _labels: dict[str, frozenset[str]] = field(default_factory=dict)

    def has(self, selector: str, now: float) -> bool:
        """Whether any series matched."""
        if selector not in self._seen:
            self._seen[selector] = bool(self._get("series", {"match[]": selector, "limit": "1"}, now))
        return self._seen[selector]

    def labels(self, metric: str, now: float) -> frozenset[str]:
        """Names of all labels that series of this metric had."""
        if metric not in self._labels:
            self._labels[metric] = frozenset(map(str, self._get("labels", {"match[]": metric}, now)))
        return self._labels[metric]

    def _get(self, path: str, parameters: dict[str, str], now: float) -> list[object]:
        address = f"{self.url.rstrip('/')}/api/v1/{path}"
        times = {"start": f"{now - self.since:.3f}", "end": f"{now:.3f}"}
        try:
            answer = self.client.get(address, params={**parameters, **times})
            answer.raise_for_status()
            data = answer.json()["data"]
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
            what = f"{self.url} does not answer as Prometheus does: {error}"
            raise ServerFailure(f"{what}; give the address of its API, such as http://127.0.0.1:9090") from error
        return list(data or ())


def check(rules: Iterable[RuleText], server: Server, now: float) -> list[Finding]:
    """What was never seen, where it is missed first. Raises `ServerFailure`."""
    rules = tuple(rules)
    follows = frozenset(_follows(rules, server, now))
    return sorted({finding for rule in rules for finding in _rule(rule, server, now, follows)})


def _follows(rules: Iterable[RuleText], server: Server, now: float) -> Iterator[str]:
    """Recorded series whose own rule reads one that was never seen: that is told there, and is reason enough."""
    for rule in rules:
        read = {selector.metric for selector in queries.selectors(rule.tree)}
        if not rule.alert and any(metric and not server.has(metric, now) for metric in read - {rule.name}):
            yield rule.name


def _rule(rule: RuleText, server: Server, now: float, follows: frozenset[str]) -> Iterator[Finding]:
    texts = [
        (rule.tree, rule.expr),
        *((tree, text) for text in rule.annotations.values() for tree in asked(text.value)),
    ]
    for tree, text in texts:
        placeholder = text is not rule.expr  # its label values are filled in when the alert fires
        for node in queries.nodes(tree):
            if isinstance(node, promql.VectorSelector) and node.name and node.name not in follows:
                yield from _selector(rule, text, node, server, now, by_name=placeholder)
            elif isinstance(node, promql.AggregateExpr):
                yield from _aggregation(rule, text, node, server, now)


def _selector(
    rule: RuleText, text: Text, node: promql.VectorSelector, server: Server, now: float, *, by_name: bool
) -> Iterator[Finding]:
    name = node.name or ""
    if name in ("ALERTS", "ALERTS_FOR_STATE"):  # there while something fires
        return
    if not server.has(name, now):
        yield _finding(rule, text, "never-seen", f"{name} was never seen", "see whether its exporter is scraped")
        return
    for matcher in node.matchers.matchers:
        if matcher.name not in ("__name__", *server.labels(name, now)):
            what = f"{name} never had the label `{matcher.name}`"
            yield _finding(rule, text, "label-never-seen", what, "correct the label, or take it out")
            return
    selector = str(promql.VectorSelector.prettify(node)).split(" offset ")[0].split(" @ ")[0]
    if not by_name and not server.has(selector, now):
        yield _finding(rule, text, "never-matched", f"{selector} never matched a series", "correct a label's value")


def _aggregation(
    rule: RuleText, text: Text, node: promql.AggregateExpr, server: Server, now: float
) -> Iterator[Finding]:
    inner = queries.selectors(node.expr)
    if node.modifier is None or node.modifier.type != promql.AggModifierType.By:
        return
    metrics = [selector.metric for selector in inner if selector.metric and server.has(selector.metric, now)]
    if not metrics or len(metrics) != len(inner):
        return
    there = frozenset().union(*(server.labels(metric, now) for metric in metrics))
    for label in node.modifier.labels:
        if label not in there:
            what = f"aggregates by `{label}`, which {', '.join(sorted(set(metrics)))} never had"
            yield _finding(rule, text, "label-never-seen", what, "correct the label, or take it out")


def _finding(rule: RuleText, text: Text, check: str, what: str, remedy: str) -> Finding:
    return Finding(rule.file, text.line, check, "warning", rule.name, what, remedy)
