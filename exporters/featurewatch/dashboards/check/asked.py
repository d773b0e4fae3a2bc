"""Does every query ask for something that exists, in PromQL that parses, with variables that are defined?"""

from __future__ import annotations

import re
from collections.abc import Iterator

import promql_parser

from featurewatch.dashboards import promql
from featurewatch.dashboards.check.board import Board, Json, strings
from featurewatch.dashboards.check.computed import check_computed
from featurewatch.dashboards.check.finding import Finding
from featurewatch.dashboards.check.known import Known

LEGEND_LABEL = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")
RATES = ("delta", "increase", "irate", "rate")


def check_asked(board: Board, known: Known) -> Iterator[Finding]:
    """Findings about queries and variables; `known` is what they are judged against."""
    defined = frozenset(str(variable.get("name")) for variable in board.variables)
    yield from _undefined(board, defined)
    values = dict.fromkeys(defined, "x") | dict(promql.MARKED)
    for panel, target in board.queries():
        yield from _query(board, panel, target, values, known)
    for annotation in board.annotations:
        query = annotation.get("target")
        if not annotation.get("builtIn") and isinstance(query, dict):
            yield from _query(board, {"title": f"annotation {annotation.get('name')}"}, query, values, known)
    for variable in board.variables:
        yield from _variable(board, variable, values, known)


def _undefined(board: Board, defined: frozenset[str]) -> Iterator[Finding]:
    builtin = promql.BUILT_IN.keys()
    for owner in (None, *board.panels):
        text = {key: item for key, item in board.data.items() if key != "panels"} if owner is None else owner
        used = {name for string in strings(text) for name in promql.variables(string)}
        for name in sorted(used - defined - builtin):
            if not name.startswith("__"):
                yield board.error(owner, f"variable ${name} is not defined", "define it, or mend its name")


def _query(board: Board, panel: Json, target: Json, values: dict[str, str], known: Known) -> Iterator[Finding]:
    expr = target.get("expr")
    if not isinstance(expr, str) or not expr.strip():
        yield board.error(panel, f"query {target.get('refId')!r} is empty", "write PromQL")
        return
    try:
        tree = promql.parse(promql.fill(expr, values))
    except promql.Undefined:
        return  # reported as such
    except ValueError as error:
        yield board.error(panel, f"query {target.get('refId')!r} does not parse: {error}", "mend the PromQL")
        return
    yield from _metrics(board, panel, tree, known)
    yield from _ranges(board, panel, tree)
    yield from _legend(board, panel, str(target.get("legendFormat") or ""), tree)
    if "type" in panel:  # annotations and variables may look at everything
        yield from check_computed(board, panel, str(target.get("refId")), tree, known)
        yield from _form(board, panel, target, tree)


def _form(board: Board, panel: Json, target: Json, tree: promql_parser.Expr) -> Iterator[Finding]:
    """Does the answer come as the panel reads it?"""
    if target.get("hide"):
        what = f"query {target.get('refId')!r} is hidden: it is asked for nobody"
        yield board.warning(panel, what, "remove it, or show it")
    if target.get("instant") and panel.get("type") in ("timeseries", "state-timeline"):
        yield board.error(panel, "asks for one instant but shows time", "ask for a range")
    if not target.get("instant") and panel.get("type") in ("stat", "gauge", "bargauge"):
        what = "shows the last value of a range, which may be minutes old when the series has ended"
        yield board.error(panel, what, "ask for an instant")
    if panel.get("type") == "heatmap":
        if target.get("format") != "heatmap":
            yield board.error(panel, "asks for lines where Grafana wants buckets", 'ask in the format "heatmap"')
        labels = promql.result_labels(tree)
        if labels is not None and "le" not in labels:
            yield board.error(panel, "no result of it has the label `le`", "add up `by (le)`")
    elif target.get("format") == "heatmap":
        yield board.error(panel, "asks for buckets and shows lines", 'ask in the format "time_series"')


def _metrics(board: Board, panel: Json, tree: promql_parser.Expr, known: Known) -> Iterator[Finding]:
    for selector in promql.selectors(tree):
        if selector.metric is None:
            yield board.error(panel, "selects series without naming a metric", "name it")
        elif selector.metric not in known.series:
            what = f"{selector.metric} is exported by nothing and recorded by no rule"
            yield board.error(panel, what, "mend the name, or declare it in names.py or manifests.py")


def _ranges(board: Board, panel: Json, tree: promql_parser.Expr) -> Iterator[Finding]:
    for node in promql.nodes(tree):
        if not isinstance(node, promql_parser.Call) or node.func.name not in RATES:
            continue
        for argument in node.args:
            wanted = {promql_parser.parse_duration(marked) for marked in promql.MARKED.values()}
            if isinstance(argument, promql_parser.MatrixSelector) and argument.range not in wanted:
                yield board.error(panel, f"{node.func.name} over a fixed range", "write [$__rate_interval]")


def _legend(board: Board, panel: Json, legend: str, tree: promql_parser.Expr) -> Iterator[Finding]:
    labels = promql.result_labels(tree)
    if labels is None:
        return
    for label in LEGEND_LABEL.findall(legend):
        if label not in labels:
            found = ", ".join(sorted(labels)) or "none"
            yield board.error(panel, f"the legend names the label {label!r} that no result has", f"there is {found}")


def _variable(board: Board, variable: Json, values: dict[str, str], known: Known) -> Iterator[Finding]:
    query = variable.get("query")
    text = query.get("query") if isinstance(query, dict) else query
    match = re.fullmatch(r"label_values\((.+),\s*(\w+)\)", text or "", re.DOTALL)
    if variable.get("type") != "query" or match is None:
        return
    subject = {"title": f"variable {variable.get('name')}"}
    try:
        tree = promql.parse(promql.fill(match[1], values))
    except (ValueError, promql.Undefined) as error:
        yield board.error(subject, f"its query does not parse: {error}", "mend the PromQL")
        return
    yield from _metrics(board, subject, tree, known)
