"""The file format `featurewatch/v1`: what may be written, key by key. `load` turns it into domain values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from featurewatch.objectives import units
from featurewatch.objectives.model import Channel

VERSION = "featurewatch/v1"


def _named_quantile(value: float) -> float:
    """Quantiles become parts of names (p95, p99_9), where more decimals would collide."""
    if not 0 < value < 1 or round(value, 5) != value:
        raise ValueError("a quantile lies between 0 and 1 and has at most five decimals, such as 0.95")
    return value


def _real_port(value: str) -> str:
    if not 0 < int(value.rpartition(":")[2]) < 65536:
        raise ValueError("a port lies between 1 and 65535")
    return value


Seconds = Annotated[float, BeforeValidator(units.span)]
Edge = Annotated[float, BeforeValidator(units.seconds)]
Ratio = Annotated[float, BeforeValidator(units.ratio)]
Rate = Annotated[float, BeforeValidator(units.rate)]
SeverityName = Literal["low", "medium", "high", "critical"]

KEBAB = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
PASCAL = r"^[A-Z][A-Za-z0-9]*$"
WORD = r"^[a-z][a-z0-9_]*$"
TEXT = r"^[^\s\p{Cc}{}][^\p{Cc}\p{Zl}\p{Zp}{}]*$"
URL = r"^https?://[^\s\p{Cc}\"'<>{}]+$"
ADDRESS = r"^[^\s\p{Cc}@<>,;:\"{}]+@[A-Za-z0-9.-]+$"
HOST_PORT = r"^([A-Za-z0-9_.-]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}$"
PATH = r"^[^\s\p{Cc}{}]+$"
CHANNEL = r"^[#@]?[^\s\p{Cc}#@{}]+$"

PATTERNS = {
    KEBAB: "write lower-case words joined by hyphens, such as market-features",
    PASCAL: "write words joined by capitals, such as ExtractionTooSlow",
    WORD: "write one lower-case word, such as latency",
    TEXT: "write one line of text without braces",
    URL: "write an address such as https://example.org/path",
    ADDRESS: "write one mail address, such as oncall@example.org",
    HOST_PORT: "write a host and a port, such as smtp.example.org:587",
    PATH: "write the path of a file, without blanks or braces",
    CHANNEL: "write a channel such as #alerts",
}
"""What to say instead of a pattern. Braces are refused throughout: they would be read as a template."""

KebabName = Annotated[str, StringConstraints(pattern=KEBAB, max_length=60)]
PascalName = Annotated[str, StringConstraints(pattern=PASCAL, max_length=60)]
Word = Annotated[str, StringConstraints(pattern=WORD, max_length=40)]
Text = Annotated[str, StringConstraints(pattern=TEXT, max_length=300)]
Url = Annotated[str, StringConstraints(pattern=URL, max_length=500)]
Address = Annotated[str, StringConstraints(pattern=ADDRESS, max_length=254)]
HostPort = Annotated[str, StringConstraints(pattern=HOST_PORT, max_length=300), AfterValidator(_real_port)]
SecretPath = Annotated[str, StringConstraints(pattern=PATH, max_length=500)]


class Strict(BaseModel):
    """No key that is not listed, no value of another type than written."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


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
    quantile: Annotated[float, AfterValidator(_named_quantile)]
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
    username: Text | None = None
    password_file: SecretPath | None = None


class SlackSpec(Strict):
    channel: Annotated[str, StringConstraints(pattern=CHANNEL, max_length=80)]
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
