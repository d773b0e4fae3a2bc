"""What Prometheus knows, asked over its HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import httpx

from featurewatch import names
from featurewatch.tls import trusted


@dataclass(frozen=True, slots=True)
class SeenAlert:
    """An alert as Prometheus holds it."""

    labels: Mapping[str, str]
    state: str
    """pending or firing"""
    active_at: float
    """Unix seconds of the evaluation that first found the violation."""


class Prometheus:
    """A small reader of one Prometheus. Methods raise httpx.HTTPError when it does not answer as Prometheus does."""

    def __init__(self, url: str, authority: Path | None = None, timeout: float = 5.0) -> None:
        self._http = httpx.Client(base_url=url, timeout=timeout, trust_env=False, verify=trusted(authority))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def alerts(self, name: str | None = None) -> list[SeenAlert]:
        """Pending and firing alerts."""
        found = self._get("/api/v1/alerts")["alerts"]
        return [
            SeenAlert(alert["labels"], alert["state"], datetime.fromisoformat(alert["activeAt"]).timestamp())
            for alert in found
            if name is None or alert["labels"]["alertname"] == name
        ]

    def query(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        """An instant query: labels and value of each series."""
        result = self._get("/api/v1/query", {"query": expression})["result"]
        return [(sample["metric"], float(sample["value"][1])) for sample in result]

    def scrapes(self, service: str, seconds: int) -> list[float]:
        """Unix seconds of the scrapes of a service's first target within the last seconds, oldest first."""
        selector = f'up{{job="extractors",{names.SERVICE}="{service}"}}[{seconds}s]'
        result = self._get("/api/v1/query", {"query": selector})["result"]
        return [float(stamp) for stamp, _ in result[0]["values"]] if result else []

    def _get(self, path: str, parameters: Mapping[str, str] | None = None) -> Any:
        answer = self._http.get(path, params=dict(parameters or {})).raise_for_status()
        try:
            return answer.json()["data"]
        except (ValueError, KeyError, TypeError) as error:
            raise httpx.DecodingError(f"{answer.url} does not answer as Prometheus does") from error
