"""What a registry exports, read back by prometheus_client's own parser."""

from __future__ import annotations

from typing import Any

from prometheus_client.openmetrics import parser
from prometheus_client.parser import text_string_to_metric_families as parse_text

from featurewatch import ExtractionMonitor, Registry, names
from featurewatch.measure.exposition import END, TextExposition

parse_openmetrics: Any = parser.text_string_to_metric_families
Sample = tuple[str, frozenset[tuple[str, str]]]


def exposed(registry: Registry) -> dict[Sample, float]:
    """Every sample of the text exposition by name and labels; a sample that occurs twice fails."""
    return samples_of(TextExposition(registry).render())


def samples_of(text: str) -> dict[Sample, float]:
    found: dict[Sample, float] = {}
    for family in parse_text(text):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found, f"{key} is exported twice"
            found[key] = sample.value
    return found


def parsed_openmetrics(registry: Registry) -> dict[str, str]:
    """The families of the OpenMetrics exposition and their types, by the strict parser."""
    text = TextExposition(registry, "openmetrics").render() + END
    return {family.name: family.type for family in parse_openmetrics(text)}


def value(registry: Registry, name: str, **labels: str) -> float:
    """The one sample with this name whose labels include the given ones."""
    matching = [
        number
        for (sample, pairs), number in exposed(registry).items()
        if sample == name and labels.items() <= dict(pairs).items()
    ]
    assert len(matching) == 1, f"{name}{labels} matches {len(matching)} samples"
    return matching[0]


def counts(registry: Registry) -> dict[tuple[str, str], float]:
    """How many extractions were counted, by (served_from, outcome), leaving out the zeros."""
    found: dict[tuple[str, str], float] = {}
    for (name, pairs), number in exposed(registry).items():
        if name == names.EXTRACTION_DURATION + "_count" and number:
            labels = dict(pairs)
            found[labels[names.SERVED_FROM], labels[names.OUTCOME]] = number
    return found


def monitored() -> tuple[Registry, ExtractionMonitor]:
    registry = Registry()
    return registry, ExtractionMonitor("technical", service="market-features", registry=registry)
