"""What may be written of an objective, one class for each kind."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from featurewatch.objectives.model import Aggregation, Unit
from featurewatch.objectives.words import (
    Bound,
    Edge,
    KebabName,
    LabelName,
    LabelValue,
    MetricName,
    PascalName,
    Rate,
    Ratio,
    Seconds,
    SeverityName,
    Strict,
    Text,
    Word,
    named_quantile,
)

LONGEST_KEPT = 3600.0
"""Seconds: who is told of an end an hour late knows it already."""


class Step(Strict):
    severity: SeverityName
    hold: Annotated[Seconds | None, Field(alias="for")] = None
    window: Seconds | None = None


class Above(Step):
    above: Edge


class RatioStep(Step):
    above: Ratio | None = None
    below: Ratio | None = None


class BoundStep(Step):
    above: Bound | None = None
    below: Bound | None = None


class CountStep(Step):
    at_least: Annotated[int, Field(ge=1, le=1000)]


class AgeStep(Strict):
    severity: SeverityName
    hold: Annotated[Seconds | None, Field(alias="for")] = None
    above: Seconds


class AbsentFor(Strict):
    severity: SeverityName
    absent_for: Seconds


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


LabelValues = Annotated[list[LabelValue], BeforeValidator(_as_list), Field(min_length=1, max_length=100)]
"""One value, or a list of several."""


class SeriesSpec(Strict):
    metric: MetricName
    where: dict[LabelName, LabelValues] = {}


def _named_or_series(value: Any) -> str:
    return SERIES if isinstance(value, dict | SeriesSpec) else NAMED


NAMED, SERIES = "<named>", "<series>"
TAGS = frozenset({NAMED, SERIES, "[key]"})
"""What the validator puts into the place of a fault although no key of the file is called so."""

EventName = Literal["served_from_compute", "served_from_cache", "served_from_fallback", "failed", "succeeded"]
Events = Annotated[
    Annotated[EventName, Tag(NAMED)] | Annotated[SeriesSpec, Tag(SERIES)], Discriminator(_named_or_series)
]


class OverrideSpec(Strict):
    service: LabelValues | None = None
    environment: LabelValues | None = None
    extractor: LabelValues | None = None
    enabled: bool = True


class PromiseSpec(Strict):
    name: KebabName
    title: Text
    alert: PascalName
    category: Word
    first_steps: Annotated[list[Text], Field(min_length=1, max_length=10)]
    enabled: bool = True
    team: KebabName | None = None
    owner: KebabName | None = None
    policy: KebabName | None = None
    source: Text | None = None
    keep_firing_for: Annotated[Seconds | None, Field(le=LONGEST_KEPT)] = None


class QuantileOverride(OverrideSpec):
    limits: Annotated[list[Above], Field(min_length=1, max_length=4)] | None = None


class Quantile(PromiseSpec):
    kind: Literal["quantile"]
    quantile: Annotated[float, AfterValidator(named_quantile)]
    of: Annotated[
        Annotated[Literal["extraction_duration"], Tag(NAMED)] | Annotated[SeriesSpec, Tag(SERIES)],
        Discriminator(_named_or_series),
    ]
    unit: Literal["seconds", "milliseconds"] = "seconds"
    traffic: Rate | None = None
    by: Annotated[list[LabelName], Field(max_length=4)] = []
    limits: Annotated[list[Above], Field(min_length=1, max_length=4)]
    overrides: Annotated[list[QuantileOverride], Field(max_length=100)] = []


class RatioOverride(OverrideSpec):
    limits: Annotated[list[RatioStep], Field(min_length=1, max_length=4)] | None = None


class RatioOf(PromiseSpec):
    kind: Literal["ratio"]
    good: Events | None = None
    bad: Events | None = None
    total: SeriesSpec | None = None
    traffic: Rate | None = None
    by: Annotated[list[LabelName], Field(max_length=4)] = []
    limits: Annotated[list[RatioStep], Field(min_length=1, max_length=4)]
    overrides: Annotated[list[RatioOverride], Field(max_length=100)] = []


class BoundOverride(OverrideSpec):
    limits: Annotated[list[BoundStep], Field(min_length=1, max_length=4)] | None = None


class CountOverride(OverrideSpec):
    limits: Annotated[list[CountStep], Field(min_length=1, max_length=4)] | None = None


class AgeOverride(OverrideSpec):
    limits: Annotated[list[AgeStep], Field(min_length=1, max_length=4)] | None = None


class PresenceOverride(OverrideSpec):
    limits: Annotated[list[AbsentFor], Field(min_length=1, max_length=4)] | None = None


class BoundSpec(PromiseSpec):
    of: SeriesSpec
    by: Annotated[list[LabelName], Field(max_length=4)] = []


class Gauge(BoundSpec):
    kind: Literal["gauge"]
    per: SeriesSpec | None = None
    aggregate: Aggregation | None = None
    unit: Unit = "number"
    limits: Annotated[list[BoundStep], Field(min_length=1, max_length=4)]
    overrides: Annotated[list[BoundOverride], Field(max_length=100)] = []


class RateOf(BoundSpec):
    kind: Literal["rate"]
    per: SeriesSpec | None = None
    aggregate: Aggregation | None = None
    limits: Annotated[list[BoundStep], Field(min_length=1, max_length=4)]
    overrides: Annotated[list[BoundOverride], Field(max_length=100)] = []


class Increase(BoundSpec):
    kind: Literal["increase"]
    starts_late: bool = True
    limits: Annotated[list[CountStep], Field(min_length=1, max_length=4)]
    overrides: Annotated[list[CountOverride], Field(max_length=100)] = []


class Freshness(BoundSpec):
    kind: Literal["freshness"]
    aggregate: Literal["max", "min"] = "max"
    limits: Annotated[list[AgeStep], Field(min_length=1, max_length=4)]
    overrides: Annotated[list[AgeOverride], Field(max_length=100)] = []


class Presence(PromiseSpec):
    kind: Literal["presence"]
    of: Annotated[
        Annotated[Literal["target", "events"], Tag(NAMED)] | Annotated[SeriesSpec, Tag(SERIES)],
        Discriminator(_named_or_series),
    ]
    limits: Annotated[list[AbsentFor], Field(min_length=1, max_length=4)]
    overrides: Annotated[list[PresenceOverride], Field(max_length=100)] = []


AnyObjective = Quantile | RatioOf | Gauge | RateOf | Increase | Freshness | Presence
KINDS = ("quantile", "ratio", "gauge", "rate", "increase", "freshness", "presence")

ObjectiveSpec = Annotated[AnyObjective, Field(discriminator="kind")]


class MetricSpec(Strict):
    """A metric that somebody exports and that featurewatch does not know."""

    type: Literal["gauge", "counter", "histogram"]
    edges: Annotated[list[float], Field(min_length=1, max_length=200)] = []
