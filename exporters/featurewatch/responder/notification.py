"""Alertmanager's webhook payload, version 4, as what was told.

Shape: prometheus.io/docs/alerting/latest/configuration, `<webhook_config>`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from featurewatch.responder.firing import Told

MAX_ALERTS: Final = 5_000
"""Alerts in one message; `max_alerts` of the receiver limits it, and our own group sizes stay far below."""

MAX_TEXT: Final = 16_384
"""Characters of one label or annotation; longer ones are cut, and the message is still taken."""

NEVER: Final = datetime(1, 1, 2, tzinfo=UTC)
"""Alertmanager writes Go's zero time for "not ended"."""

Text = Annotated[str, StringConstraints(max_length=1_000_000)]


class Alert(BaseModel):
    model_config = ConfigDict(extra="ignore")

    status: Literal["firing", "resolved"]
    labels: dict[str, Text]
    annotations: dict[str, Text] = Field(default_factory=dict)
    started_at: Annotated[AwareDatetime, Field(alias="startsAt")]
    ended_at: Annotated[AwareDatetime, Field(alias="endsAt")]
    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,64}$")]


class Notification(BaseModel):
    """One call of Alertmanager."""

    model_config = ConfigDict(extra="ignore")

    version: Literal["4"]
    group_key: Annotated[str, Field(alias="groupKey")]
    receiver: str
    status: Literal["firing", "resolved"]
    truncated: Annotated[int, Field(alias="truncatedAlerts", ge=0)] = 0
    """Alerts that Alertmanager left out of the message; reconciliation finds them."""
    alerts: Annotated[list[Alert], Field(min_length=1, max_length=MAX_ALERTS)]

    def told(self) -> tuple[Told, ...]:
        return tuple(_told(alert) for alert in self.alerts)


def _told(alert: Alert) -> Told:
    # While an alert fires, Alertmanager may give as its end when it would count as resolved if nobody repeated it.
    ended = alert.ended_at if alert.status == "resolved" and alert.ended_at > NEVER else None
    return Told(
        fingerprint=alert.fingerprint,
        started_at=alert.started_at.astimezone(UTC),
        ended_at=None if ended is None else ended.astimezone(UTC),
        labels={name: value[:MAX_TEXT] for name, value in alert.labels.items()},
        annotations={name: value[:MAX_TEXT] for name, value in alert.annotations.items()},
    )
