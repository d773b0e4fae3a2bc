"""What Prometheus measured, asked by the names of series alone: nobody sends it an expression of their own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from featurewatch.responder.upstream import SECONDS, UpstreamSilent

MOST_SERIES: Final = 200
MOST_POINTS: Final = 1_000
"""Samples of one series in one answer."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value; None where it is no number."""

    labels: Mapping[str, str]
    at: datetime
    value: float | None


@dataclass(frozen=True, slots=True)
class Course:
    """The values of one series over time."""

    labels: Mapping[str, str]
    points: Sequence[tuple[datetime, float | None]]


class Measured:
    """One Prometheus. `client` brings address, authentication and certificates."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def now(self, series: Sequence[str], at: datetime, **labels: str | None) -> list[Sample]:
        """The current values of these series, whose `__name__` tells them apart. Raises UpstreamSilent."""
        asked = {"query": _selector(series, labels), "time": f"{at.timestamp():.3f}"}
        return [
            Sample(item["metric"], _at(item["value"][0]), _number(item["value"][1]))
            for item in self._ask("/api/v1/query", asked)
        ]

    def course(self, series: str, since: datetime, until: datetime, step: float, **labels: str | None) -> list[Course]:
        """Its values between the two. Raises UpstreamSilent."""
        asked = {
            "query": _selector([series], labels),
            "start": f"{since.timestamp():.3f}",
            "end": f"{until.timestamp():.3f}",
            "step": f"{step:.3f}",
        }
        return [
            Course(item["metric"], [(_at(moment), _number(value)) for moment, value in item["values"]])
            for item in self._ask("/api/v1/query_range", asked)
        ]

    def _ask(self, path: str, asked: Mapping[str, str]) -> Any:
        try:
            answer = self._client.post(path, data={**asked, "limit": str(MOST_SERIES)}, timeout=SECONDS)
            answer.raise_for_status()
            return answer.json()["data"]["result"][:MOST_SERIES]
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise UpstreamSilent(f"Prometheus, {path}: {error or type(error).__name__}") from error


def _selector(series: Sequence[str], labels: Mapping[str, str | None]) -> str:
    """Names of series hold nothing that means something in a pattern; values of labels are quoted."""
    asked = [f'__name__=~"{"|".join(series)}"' if len(series) > 1 else f'__name__="{series[0]}"']
    asked += [f"{name}={_quoted(value)}" for name, value in labels.items() if value is not None]
    return f"{{{','.join(asked)}}}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _number(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
