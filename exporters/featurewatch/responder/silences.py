"""Silences and alerts of people, which Alertmanager keeps: it alone decides who is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import httpx

from featurewatch.responder.upstream import SECONDS, UpstreamSilent

MOST: Final = 1_000
"""Silences of one answer."""


class Refused(Exception):
    """Alertmanager does not take it; the message is its own."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


@dataclass(frozen=True, slots=True)
class Silence:
    """Whoever is told of what matches hears nothing from then to then."""

    id: str
    state: str
    """`pending`, `active` or `expired`."""
    matchers: tuple[Matcher, ...]
    begins_at: datetime
    ends_at: datetime
    made_by: str
    comment: str


class Silences:
    """Those of one Alertmanager. `client` brings address, authentication and certificates."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def all(self, *, expired: bool = False) -> list[Silence]:
        """The ones that end last come first. Raises UpstreamSilent."""
        found = [_silence(item) for item in self._ask("GET", "/api/v2/silences").json()]
        found = [one for one in found if expired or one.state != "expired"]
        return sorted(found, key=lambda one: (one.ends_at, one.id), reverse=True)[:MOST]

    def put(
        self, matchers: Sequence[Matcher], begins_at: datetime, ends_at: datetime, made_by: str, comment: str
    ) -> str:
        """A new one; returns its id. Raises Refused and UpstreamSilent."""
        body = {
            "matchers": [
                {"name": one.name, "value": one.value, "isRegex": one.is_regex, "isEqual": one.is_equal}
                for one in matchers
            ],
            "startsAt": _text(begins_at),
            "endsAt": _text(ends_at),
            "createdBy": made_by,
            "comment": comment,
        }
        return str(self._ask("POST", "/api/v2/silences", body).json()["silenceID"])

    def end(self, number: str) -> None:
        """Let it end now. Raises Refused when there is no such silence, UpstreamSilent."""
        self._ask("DELETE", f"/api/v2/silence/{quote(number, safe='')}")

    def alert(self, labels: Mapping[str, str], notes: Mapping[str, str], begins: datetime, ends: datetime) -> None:
        """An alert that somebody raises by hand; it ends by itself. Raises Refused and UpstreamSilent."""
        told = {"labels": dict(labels), "annotations": dict(notes), "startsAt": _text(begins), "endsAt": _text(ends)}
        self._ask("POST", "/api/v2/alerts", [told])

    def _ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        try:
            answer = self._client.request(method, path, json=body, timeout=SECONDS)
            if 400 <= answer.status_code < 500:
                raise Refused(_reason(answer))
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise UpstreamSilent(f"Alertmanager, {path}: {error or type(error).__name__}") from error
        return answer


def _reason(answer: httpx.Response) -> str:
    try:
        found = answer.json()
    except ValueError:
        found = answer.text
    said = found.get("message") if isinstance(found, dict) else found
    return f"Alertmanager refuses it: {said or answer.reason_phrase}"[:500]


def _silence(item: Mapping[str, Any]) -> Silence:
    return Silence(
        id=item["id"],
        state=item["status"]["state"],
        matchers=tuple(_matchers(item["matchers"])),
        begins_at=datetime.fromisoformat(item["startsAt"]).astimezone(UTC),
        ends_at=datetime.fromisoformat(item["endsAt"]).astimezone(UTC),
        made_by=item["createdBy"],
        comment=item["comment"],
    )


def _matchers(items: Sequence[Mapping[str, Any]]) -> Iterator[Matcher]:
    for item in items:
        yield Matcher(item["name"], item["value"], bool(item["isRegex"]), bool(item.get("isEqual", True)))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
