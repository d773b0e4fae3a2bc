"""The parts of a promtool unit test: input series, moments to look at, expected alerts and samples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from featurewatch import names
from featurewatch.objectives.convert import COUNT
from featurewatch.objectives.units import duration_text
from featurewatch.rules import build
from featurewatch.rules.expressions import le, selector

Case = dict[str, Any]
Labels = tuple[tuple[str, str], ...]

EXTRACTOR = "technical"
"""The extractor that the tests speak of."""

ANOTHER = "another-service"
"""A service with rules of its own in the same Prometheus."""

BUCKET = f"{names.EXTRACTION_DURATION}_bucket"


@dataclass(frozen=True, slots=True)
class Desk:
    """Writes cases for one service and extractor, with one evaluation every `step` seconds."""

    service: str
    step: float
    extractor: str = EXTRACTOR

    def case(self, name: str, series: Iterable[Case], looks: Iterable[Case] = (), values: Iterable[Case] = ()) -> Case:
        case: Case = {"name": name, "interval": duration_text(self.step), "input_series": list(series)}
        for key, content in (("alert_rule_test", list(looks)), ("promql_expr_test", list(values))):
            if content:
                case[key] = content
        return case

    def time(self, step: int) -> str:
        return duration_text(step * self.step) if step else "0s"

    def look(self, step: int, alert: str, firing: list[Case]) -> Case:
        return {"eval_time": self.time(step), "alertname": alert, "exp_alerts": firing}

    def value(self, step: int, expr: str, samples: list[Case]) -> Case:
        return {"expr": expr, "eval_time": self.time(step), "exp_samples": samples}

    def up(self, values: str, *more: tuple[str, str]) -> Case:
        labels = ((names.SERVICE, self.service), *more)
        return series("up", (("job", build.EXTRACTORS_JOB), *labels), values)

    def value_of(self, label: str) -> str:
        """What a label has in a test where any value does."""
        return self.extractor if label == names.EXTRACTOR else f"some-{label}"

    def labels(self, pair: tuple[str, str]) -> Labels:
        """Labels of the extractions of one (served_from, outcome)."""
        served_from, outcome = pair
        return (
            (names.SERVICE, self.service),
            (names.EXTRACTOR, self.extractor),
            (names.SERVED_FROM, served_from),
            (names.OUTCOME, outcome),
        )

    def count(self, pair: tuple[str, str], values: str, *more: tuple[str, str]) -> Case:
        return series(COUNT, (*self.labels(pair), *more), values)

    def bucket(self, pair: tuple[str, str], edge: float, values: str, *more: tuple[str, str]) -> Case:
        upper = "+Inf" if edge == float("inf") else le(edge)
        return series(BUCKET, (*self.labels(pair), *more, ("le", upper)), values)


def series(metric: str, labels: Labels, values: str) -> Case:
    return {"series": selector(metric, labels), "values": values}


def recorded_labels(service: str, extractor: str) -> str:
    """Labels of a recorded series in an expected sample, without its name."""
    return selector("", ((names.SERVICE, service), (names.EXTRACTOR, extractor)))


def edges_around(bounds: Iterable[float]) -> list[float]:
    """Each of these bucket edges with the edges beside it: enough to tell a wrong one."""
    everything = names.DURATION_EDGES_SECONDS
    chosen: set[float] = set()
    for bound in bounds:
        index = everything.index(bound)
        chosen.update(everything[max(index - 1, 0) : index + 2])
    return sorted(chosen)
