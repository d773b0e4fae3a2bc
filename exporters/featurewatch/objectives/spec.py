"""The file format `featurewatch/v1`: what may be written, key by key. `load` turns it into domain values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from featurewatch.objectives import units
from featurewatch.objectives.model import Channel

VERSION = "featurewatch/v1"

Seconds = Annotated[float, BeforeValidator(units.seconds)]
Ratio = Annotated[float, BeforeValidator(units.ratio)]
Rate = Annotated[float, BeforeValidator(units.rate)]
SeverityName = Literal["low", "medium", "high", "critical"]

KebabName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
PascalName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]*$", max_length=60)]
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\n{}]*$")]
"""A line of text. Braces are refused: they would be read as a template in an annotation."""
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\"'<>{}]+$", max_length=500)]
Address = Annotated[str, StringConstraints(pattern=r"^[^\s@<>]+@[^\s@<>]+$", max_length=254)]
HostPort = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+:[0-9]{1,5}$", max_length=300)]
SecretPath = Annotated[str, StringConstraints(pattern=r"^[^\s\x00]+$", max_length=500)]


class Strict(BaseModel):
    """No key that is not listed, no value of another type than written."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Step(Strict):
    severity: SeverityName
    hold: Annotated[Seconds | None, Field(alias="for")] = None
    window: Seconds | None = None


class Above(Step):
    above: Seconds


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
    quantile: Annotated[float, Field(gt=0, lt=1)]
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


class EmailSpec(Strict):
    to: Annotated[list[Address], Field(min_length=1, max_length=50)]
    sender: Annotated[Address, Field(alias="from")]
    smarthost: HostPort
    require_tls: bool = True
    username: str | None = None
    password_file: SecretPath | None = None


class SlackSpec(Strict):
    channel: Annotated[str, StringConstraints(pattern=r"^[#@]?[^\s#@]+$", max_length=80)]
    api_url_file: SecretPath


class PagerDutySpec(Strict):
    routing_key_file: SecretPath
    url: Url | None = None


class WebhookSpec(Strict):
    url_file: SecretPath


class NotifySpec(Strict):
    critical: list[Channel]
    high: list[Channel]
    medium: list[Channel]
    low: list[Channel]
    email: EmailSpec | None = None
    slack: SlackSpec | None = None
    pagerduty: PagerDutySpec | None = None
    webhook: WebhookSpec | None = None


class Traffic(Strict):
    minimum: Rate


class Delivery(Strict):
    budget: Seconds


class Links(Strict):
    dashboards: Url
    runbooks: Url


class ObjectivesSpec(Strict):
    version: Literal["featurewatch/v1"]
    service: KebabName
    team: KebabName
    environment: KebabName
    traffic: Traffic
    delivery: Delivery
    retention: Seconds
    links: Links
    objectives: Annotated[list[ObjectiveSpec], Field(min_length=1, max_length=500)]
    notify: NotifySpec
