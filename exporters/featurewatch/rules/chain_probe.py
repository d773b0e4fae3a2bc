"""What a test of the chain's own alerts gives and expects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from featurewatch import names
from featurewatch.rules.cases import Case
from featurewatch.rules.model import Alert

ASIDE = names.OUTCOME
"""The label that no rule of the chain speaks of."""

_LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")
_VALUE = re.compile(r"\{\{ \$value \| \w+ \}\}")

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Probe:
    """What is fed to one alert, when it must fire with which value as text, and when it must be silent."""

    alert: str
    told: str
    given: tuple[tuple[str, Labels, str], ...]
    """(metric, labels, values in promtool's notation)."""
    labels: Labels
    firing: Mapping[int, str]
    silent: tuple[int, ...]
    extra: Labels = field(default_factory=dict)
    """Labels of the alert that its rule does not add."""
    step: float | None = None
    """Seconds between the evaluations that it counts; None for those of the group. What lasts hours and has no `for`
    is told as well by fewer of them."""


PROMETHEUS = {"job": "prometheus", "instance": "prometheus:9090"}


def firing(alert: Alert, labels: Labels, value: str) -> list[Case]:
    annotations = {
        name: _VALUE.sub(value, _LABEL.sub(lambda match: labels.get(match[1], ""), text))
        for name, text in alert.annotations.items()
    }
    return [{"exp_labels": {**labels, **alert.labels}, "exp_annotations": annotations}]


def twice(metric: str, labels: Labels, one: str, other: str) -> tuple[tuple[str, Labels, str], ...]:
    """Two series that differ in the label that no rule speaks of."""
    return (metric, {**labels, ASIDE: "a"}, one), (metric, {**labels, ASIDE: "b"}, other)
