"""PromQL with Grafana's variables in it."""

from __future__ import annotations

import pytest

from featurewatch.dashboards import promql


@pytest.mark.parametrize("text", ["$service", "${service}", "${service:regex}", "[[service]]", "[[service:pipe]]"])
def test_every_way_to_write_a_variable_is_understood(text: str) -> None:
    assert promql.variables(text) == {"service"}
    assert promql.fill(f"a {text} b", {"service": "x"}) == "a x b"


def test_money_and_ends_of_regular_expressions_are_no_variables() -> None:
    assert promql.variables('costs $5, matches "^a$"') == frozenset()


def test_grafanas_own_variables_have_values() -> None:
    assert promql.fill("rate(a[$__rate_interval])", {}) == "rate(a[1m])"


def test_an_undefined_variable_is_told_by_its_name() -> None:
    with pytest.raises(promql.Undefined, match="extractr"):
        promql.fill("$extractr", {"extractor": "x"})


def test_selectors_are_found_wherever_they_stand() -> None:
    tree = promql.parse('sum by (a) (rate(one{x="1"}[5m])) / on (a) max_over_time(two[1h:1m]) > bool 3')
    assert [(found.metric, found.labels) for found in promql.selectors(tree)] == [
        ("one", frozenset({"x"})),
        ("two", frozenset()),
    ]


@pytest.mark.parametrize(
    ("expr", "labels"),
    [
        ("sum by (a, b) (x)", {"a", "b"}),
        ("1 - avg by (a) (rate(x[5m]))", {"a"}),
        ("sum(x)", set()),
        ("count(x) or vector(0)", set()),
        ('sum by (a) (x) or on () label_replace(vector(0), "b", "quiet", "", "")', {"a", "b"}),
        ("sum without (a) (sum by (a, b) (x))", {"b"}),
        ("topk(3, sum by (a) (x))", {"a"}),
        ("x", None),
        ("rate(x[5m])", None),
        ("sum by (a) (x) / y", None),
    ],
)
def test_labels_of_a_result_are_known_as_far_as_the_query_tells(expr: str, labels: set[str] | None) -> None:
    assert promql.result_labels(promql.parse(expr)) == labels
