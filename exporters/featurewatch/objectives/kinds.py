"""What may be written of an objective, one class for each kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from featurewatch.objectives.words import (
    Edge,
    KebabName,
    PascalName,
    Ratio,
    Seconds,
    SeverityName,
    Strict,
    Text,
    Word,
    named_quantile,
)


class Step(Strict):
    severity: SeverityName
    hold: Annotated[Seconds | None, Field(alias="for")] = None
    window: Seconds | None = None


class Above(Step):
    above: Edge


class RatioStep(Step):
    above: Ratio | None = None
    below: Ratio | None = None


class AbsentFor(Strict):
    severity: SeverityName
    absent_for: Seconds


class PromiseSpec(Strict):
    name: KebabName
    title: Text
    alert: PascalName
    category: Word
    first_steps: Annotated[list[Text], Field(min_length=1, max_length=10)]


class Quantile(PromiseSpec):
    kind: Literal["quantile"]
    quantile: Annotated[float, AfterValidator(named_quantile)]
    of: Literal["extraction_duration"]
    limits: Annotated[list[Above], Field(min_length=1, max_length=4)]


EventName = Literal["served_from_compute", "served_from_cache", "served_from_fallback", "failed", "succeeded"]


class RatioOf(PromiseSpec):
    kind: Literal["ratio"]
    good: EventName | None = None
    bad: EventName | None = None
    limits: Annotated[list[RatioStep], Field(min_length=1, max_length=4)]


class Presence(PromiseSpec):
    kind: Literal["presence"]
    of: Literal["target", "events"]
    limits: Annotated[list[AbsentFor], Field(min_length=1, max_length=4)]


ObjectiveSpec = Annotated[Quantile | RatioOf | Presence, Field(discriminator="kind")]
