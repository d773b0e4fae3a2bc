"""Does Grafana's own schema allow it? The schemas are made from `@grafana/schema` by dashboards/schema/make.mjs.

They know every key, type and choice of a dashboard, its panels and each panel's options; what they cannot know (units,
PromQL, places, meaning) the other checks look at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Final

from jsonschema import Draft7Validator, ValidationError
from jsonschema.validators import extend

from featurewatch.dashboards.check import vocabulary
from featurewatch.dashboards.check.board import Board, Json, field_defaults
from featurewatch.dashboards.check.finding import Finding

FILE: Final = "grafana-schema.json"
UNEXPECTED: Final = re.compile(r"'([^']+)'")
LONGEST: Final = 120
"""Characters of a value that a finding repeats."""

# Grafana fills what is missing in the options of a panel from the panel's defaults.
_Filled = extend(Draft7Validator, {"required": lambda *_: ()})  # type: ignore[no-untyped-call]


@cache
def validators() -> dict[str, Any]:
    """By name: `Dashboard`, `Panel`, `RowPanel`, `stat Options`, `timeseries FieldConfig`, … Read once."""
    text = (resources.files("featurewatch.dashboards.check") / FILE).read_text(encoding="utf-8")
    schemas: dict[str, Json] = json.loads(text)["schemas"]
    return {name: (_Filled if " " in name else Draft7Validator)(schema) for name, schema in schemas.items()}


def check_schema(board: Board) -> Iterator[Finding]:
    """Findings about what Grafana's types forbid."""
    # Panels are looked at one by one, so that a finding can name its panel.
    yield from _against("Dashboard", board, None, {key: item for key, item in board.data.items() if key != "panels"})
    for panel in board.panels:
        if panel.get("type") == "row":
            yield from _against("RowPanel", board, panel, {**panel, "panels": []})
        elif isinstance(panel.get("type"), str) and panel["type"] in vocabulary.PANELS:
            yield from _panel(board, panel, panel["type"])


def _panel(board: Board, panel: Json, kind: str) -> Iterator[Finding]:
    yield from _against("Panel", board, panel, panel)
    if f"{kind} Options" in validators():
        yield from _against(f"{kind} Options", board, panel, panel.get("options"), "options")
    custom = field_defaults(panel).get("custom")
    if f"{kind} FieldConfig" in validators():
        yield from _against(f"{kind} FieldConfig", board, panel, custom or {}, "fieldConfig.defaults.custom")
    elif custom:
        yield board.error(panel, f"custom {sorted(custom)} of a panel that has none", "drop it")


def _against(schema: str, board: Board, panel: Json | None, value: Any, at: str = "") -> Iterator[Finding]:
    # As text: what was looked at once, in another dashboard or before a change elsewhere, is not looked at again.
    for path, what, remedy in _faults(schema, json.dumps(value, sort_keys=True)):
        where = ".".join(filter(None, (at, path)))
        yield board.error(panel, what.format(where=where or "it"), remedy)


@lru_cache(maxsize=4096)
def _faults(schema: str, text: str) -> tuple[tuple[str, str, str], ...]:
    """(path, what, remedy) of each fault; in `what`, {where} stands for the path."""
    return tuple(
        fault for error in validators()[schema].iter_errors(json.loads(text)) for fault in _told(_innermost(error))
    )


def _told(error: ValidationError) -> Iterator[tuple[str, str, str]]:
    path = ".".join(map(str, error.absolute_path))
    if error.validator == "additionalProperties":
        for key in UNEXPECTED.findall(error.message):
            remedy = "drop it; the normalising step knows what Grafana reads today"
            yield path, f"key {_braced(repr(key))} of {{where}} is none that today's Grafana knows", remedy
    elif error.validator in ("enum", "const"):
        rule = error.schema if isinstance(error.schema, dict) else {}
        allowed = ", ".join(map(str, rule.get("enum", [rule.get("const")])))
        yield path, f"{{where}} is {_braced(repr(error.instance))}", f"take one of {allowed}"
    else:
        yield path, f"{{where}}: {_braced(error.message)}", "write what Grafana's schema wants here"


def _innermost(error: ValidationError) -> ValidationError:
    """Of the alternatives that all failed, the one that came furthest; most say only that it is another kind."""
    while error.context:
        error = max(error.context, key=lambda inner: (len(inner.absolute_path), inner.validator != "const"))
    return error


def _braced(text: str) -> str:
    """Shortened, and as `format` leaves it alone."""
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return short.replace("{", "{{").replace("}", "}}")
