"""The file format `featurewatch/v1`: what may be written, key by key. `load` turns it into domain values.

Words and quantities stand in `words`, the kinds of objectives in `kinds`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from featurewatch.objectives.handling_spec import HandlingSpec
from featurewatch.objectives.kinds import MetricSpec, ObjectiveSpec
from featurewatch.objectives.model import Channel
from featurewatch.objectives.outlook_spec import OutlookSpec
from featurewatch.objectives.words import (
    CHANNEL,
    Address,
    HostPort,
    KebabName,
    LabelValue,
    MetricName,
    Rate,
    Seconds,
    SecretPath,
    Strict,
    Text,
    Url,
)

VERSION = "featurewatch/v1"


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


class Chain(Strict):
    watch: bool = True


class TlsSpec(Strict):
    certificate_file: SecretPath
    key_file: SecretPath
    ca_file: SecretPath


class Links(Strict):
    dashboards: Url
    runbooks: Url


class ObjectivesSpec(HandlingSpec, OutlookSpec):
    version: Literal["featurewatch/v1"]
    service: KebabName
    team: KebabName
    environment: KebabName
    traffic: Traffic
    delivery: Delivery
    retention: Seconds
    chain: Chain = Chain()
    tls: TlsSpec | None = None
    links: Links
    environments: Annotated[list[KebabName], Field(max_length=100)] = []
    extractors: Annotated[list[LabelValue], Field(max_length=1000)] = []
    metrics: dict[MetricName, MetricSpec] = {}
    use: Annotated[list[KebabName], Field(max_length=500)] = []
    objectives: Annotated[list[ObjectiveSpec], Field(min_length=1, max_length=500)]
    notify: NotifySpec
