"""What Alertmanager and Prometheus know of alerts, asked by their HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any, Final

import httpx
import yaml

from featurewatch.responder.fingerprint import fingerprint
from featurewatch.responder.firing import Told

SECONDS: Final = 10.0
"""What one question may take."""

GAP: Final = 2.5
"""So many evaluations without a sample are an end; fewer are one that was late or missed."""

FIRING: Final = 'ALERTS{alertstate="firing"}'


class UpstreamSilent(Exception):
    """It did not answer, or not as it should; the message names it and says how."""


@dataclass(frozen=True, slots=True)
class Spell:
    """From when to when Prometheus saw an alert fire; None: it still does."""

    labels: Mapping[str, str]
    started_at: datetime
    ended_at: datetime | None

    def told(self, started_at: datetime | None = None) -> Told:
        """As if Alertmanager had told it; `started_at` where it is known more exactly."""
        return Told(fingerprint(self.labels), started_at or self.started_at, self.ended_at, self.labels)


class Alertmanager:
    """One Alertmanager. `client` brings address, authentication and certificates."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def firing(self) -> list[Told]:
        """Every alert that it has and that fires, muted ones included. Raises UpstreamSilent."""
        asked = {"active": "true", "silenced": "true", "inhibited": "true", "unprocessed": "true"}
        alerts = _get(self._client, "Alertmanager", "/api/v2/alerts", asked)
        return [
            Told(a["fingerprint"], _time(a["startsAt"]), None, a["labels"], a.get("annotations", {})) for a in alerts
        ]


class Prometheus:
    """One Prometheus. `client` brings address, authentication and certificates."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def spells(self, since: datetime, until: datetime) -> list[Spell]:
        """Every time an alert fired, looking back from now as far as between the two. Raises UpstreamSilent.

        What lasts is decided by Prometheus' own clock: one that differs, or was set, must end nothing.
        """
        seconds = max(1, int((until - since).total_seconds()))
        found = _get(self._client, "Prometheus", "/api/v1/query", {"query": f"{FIRING}[{seconds}s]"})["data"]["result"]
        now = _get(self._client, "Prometheus", "/api/v1/query", {"query": "time()"})["data"]["result"][0]
        external = self._external_labels() if found else {}
        return [spell for series in found for spell in _spells(series, external, float(now))]

    def _external_labels(self) -> dict[str, str]:
        """What Prometheus adds to every alert that it sends; its own samples do not carry it."""
        text = _get(self._client, "Prometheus", "/api/v1/status/config", {})["data"]["yaml"]
        labels = (yaml.safe_load(text).get("global") or {}).get("external_labels") or {}
        return {str(name): str(value) for name, value in labels.items()}


def _spells(series: Mapping[str, Any], external: Mapping[str, str], now: float) -> list[Spell]:
    labels = {name: value for name, value in series["metric"].items() if name not in ("__name__", "alertstate")}
    labels = {**external, **labels}
    moments = [float(moment) for moment, _ in series["values"]]
    step = median(later - earlier for earlier, later in pairwise(moments)) if moments[1:] else 0
    longest = GAP * step
    spells, begin = [], 0
    for end in range(len(moments)):
        last = end == len(moments) - 1
        if last or moments[end + 1] - moments[end] > longest:
            lasts = last and now - moments[end] <= max(longest, SECONDS)
            ended = None if lasts else _at(moments[end] + step)
            spells.append(Spell(labels, _at(moments[begin]), ended))
            begin = end + 1
    return spells


def _at(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _get(client: httpx.Client, who: str, path: str, asked: Mapping[str, str]) -> Any:
    try:
        answer = client.get(path, params=dict(asked), timeout=SECONDS)
        answer.raise_for_status()
        return answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise UpstreamSilent(f"{who}, {path}: {error or type(error).__name__}") from error
