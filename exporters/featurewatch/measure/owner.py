"""What the series of one monitored thing have in common: labels, registry, and where trouble goes."""

from __future__ import annotations

from featurewatch import names
from featurewatch.measure.counter import Counter
from featurewatch.measure.family import Family
from featurewatch.measure.histogram import DEFAULT_BUFFER, Histogram
from featurewatch.measure.labels import Labels, chosen_name
from featurewatch.measure.native import NativeHistogram
from featurewatch.measure.registry import Registry
from featurewatch.measure.trouble import Trouble

REFUSED = Family(names.OBSERVATIONS_REFUSED, "counter", "Durations that were no durations, and unknown sources.")
INTERNAL = Family(names.INTERNAL_ERRORS, "counter", "Errors inside featurewatch that were kept from the caller.")
FOLDED = Family(
    names.LABEL_VALUES_FOLDED, "counter", "Observations whose label value went into `other`: too many distinct values."
)


class Owner:
    """One extractor, cache or batch of one service: makes its series and adds them to the registry."""

    def __init__(
        self,
        kind: str,
        name: str,
        *,
        service: str,
        registry: Registry,
        capacity: int = DEFAULT_BUFFER,
        native: bool = False,
    ) -> None:
        """`kind` is the label that `name` goes into. ValueError says what is wrong with a name or a number."""
        self._histogram = NativeHistogram if native else Histogram
        self.service = chosen_name(names.SERVICE, service)
        self.name = chosen_name(kind, name)
        if capacity < 1:
            raise ValueError(f"buffer must hold at least one sample, found {capacity!r}")
        self.labels: Labels = ((names.SERVICE, self.service), (kind, self.name))
        self.registry = registry
        self.capacity = capacity
        self.trouble = Trouble(registry.counter(INTERNAL, ((names.SERVICE, self.service),)))

    def histogram(self, family: Family, edges: tuple[float, ...], *more: tuple[str, str]) -> Histogram:
        """A new histogram with these further labels. DuplicateSeries when there is one."""
        histogram = self.unregistered((*self.labels, *more), edges)
        self.registry.add(family, histogram)
        return histogram

    def unregistered(self, labels: Labels, edges: tuple[float, ...]) -> Histogram:
        return self._histogram(labels, edges, refused=self.refused, trouble=self.trouble, capacity=self.capacity)

    def counter(self, family: Family, *more: tuple[str, str]) -> Counter:
        """The counter with these further labels, made if need be."""
        return self.registry.counter(family, (*self.labels, *more))

    def refused(self, reason: str, count: int) -> None:
        self.counter(REFUSED, (names.REASON, reason)).add(count)

    def folded(self) -> None:
        """A label value went into `other`."""
        self.counter(FOLDED).add()
