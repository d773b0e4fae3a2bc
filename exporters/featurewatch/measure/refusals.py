"""What histograms in a prometheus_client registry refused: one family there for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Protocol

from featurewatch.measure.registry import Registry

_ATTRIBUTE = "_featurewatch_refusals"


class CollectorRegistry(Protocol):
    """A `prometheus_client` registry."""

    def register(self, collector: Any) -> None: ...


class Refusals:
    """Exports the counters of `registry` to prometheus_client, as soon as there are any."""

    def __init__(self) -> None:
        self.registry = Registry()

    def describe(self) -> list[Any]:
        """None: it shall not be in the way of a program that exports the same family itself."""
        return []

    def collect(self) -> Iterator[Any]:
        """The families as prometheus_client knows them."""
        for family, members in self.registry.families():
            metric = import_module("prometheus_client").Metric(
                family.name.removesuffix("_total"), family.help, family.kind
            )
            for series in members:
                metric.add_sample(family.name, dict(series.labels), series.read())
            yield metric


def counts_in(registry: CollectorRegistry) -> Registry:
    """Where counters go that shall be seen in this prometheus_client registry; the same one each time."""
    made = Refusals()
    kept: Refusals = vars(registry).setdefault(_ATTRIBUTE, made)
    if kept is made:
        registry.register(made)
    return kept.registry
