"""A registry as text: Prometheus' format 0.0.4 and OpenMetrics 1.0.

Everything about a series that never changes (name, labels, edges, escaping) is rendered once, into a template with
places for the numbers; a scrape fills in the numbers. No `_created` series are written: they double the series of a
counter, Prometheus ignores them by default, and the start is known from `process_start_time_seconds`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from featurewatch.measure.exemplars import Exemplar
from featurewatch.measure.family import Family, Series, Totals
from featurewatch.measure.labels import Labels
from featurewatch.measure.registry import Registry

TextFormat = Literal["text", "openmetrics"]

CONTENT_TYPES: dict[str, str] = {
    "text": "text/plain; version=0.0.4; charset=utf-8",
    "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8",
}

END = "# EOF\n"


class TextExposition:
    """Writes one registry in one text format, remembering the parts that do not change."""

    def __init__(self, registry: Registry, format: TextFormat = "text") -> None:  # noqa: A002 - the word for it
        self._registry = registry
        self._openmetrics = format == "openmetrics"
        self._templates: dict[Series, str] = {}

    def render(self) -> str:
        """The registry as it is now. In OpenMetrics the closing `# EOF` is left to the caller, who may add more."""
        parts: list[str] = []
        templates = self._templates
        for family, members in self._registry.families():
            parts.append(self._header(family))
            for series in members:
                reading = series.read()
                template = templates.get(series)
                if template is None:
                    template = templates[series] = template_of(family, series)
                if isinstance(reading, Totals):
                    lines = template % (*reading.cumulative, reading.sum, reading.cumulative[-1])
                    exemplars = getattr(series, "exemplars", None) if self._openmetrics else None
                    parts.append(with_exemplars(lines, exemplars()) if exemplars else lines)
                else:
                    parts.append(template % number(reading))
        return "".join(parts)

    def _header(self, family: Family) -> str:
        name = family.name
        if self._openmetrics and family.kind == "counter":
            name = name.removesuffix("_total")
        text = family.help.replace("\\", "\\\\").replace("\n", "\\n")
        if self._openmetrics:
            text = text.replace('"', '\\"')
        return f"# HELP {name} {text}\n# TYPE {name} {family.kind}\n"


def template_of(family: Family, series: Series) -> str:
    """The lines of a series, with a `%` place for each number."""
    edges = getattr(series, "edges", None)
    pairs = label_text(series.labels).replace("%", "%%")
    if edges is None:
        return f"{family.name}{{{pairs}}} %s\n" if pairs else f"{family.name} %s\n"
    comma = "," if pairs else ""
    lines = [f'{family.name}_bucket{{{pairs}{comma}le="{number(edge)}"}} %d\n' for edge in (*edges, math.inf)]
    braces = f"{{{pairs}}}" if pairs else ""
    return "".join(lines) + f"{family.name}_sum{braces} %r\n{family.name}_count{braces} %d\n"


def with_exemplars(lines: str, exemplars: Mapping[int, Exemplar]) -> str:
    """The lines of a histogram, with its exemplars behind those of their buckets."""
    buckets = lines.splitlines()
    for place, exemplar in exemplars.items():
        buckets[place] += f" # {{{label_text(exemplar.labels())}}} {number(exemplar.value)} {exemplar.at:.3f}"
    return "\n".join(buckets) + "\n"


def label_text(labels: Labels) -> str:
    return ",".join(f'{name}="{escaped(value)}"' for name, value in labels)


def escaped(value: str) -> str:
    """A label value as it stands between quotes."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def number(value: float) -> str:
    """A number as both formats spell it."""
    if isinstance(value, int):
        return str(value)
    if math.isfinite(value):
        return repr(float(value))
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
