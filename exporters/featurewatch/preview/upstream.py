"""A service that we read from: bounded in time, size and number of requests at once."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Final

import httpx

from featurewatch.preview.queries import Pairs

MOST_BYTES: Final = 16 * 1024 * 1024
"""Of one answer. A panel with 100 series of 1000 points has about 3 MB."""
AT_ONCE: Final = 8
TIMEOUT_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, or what is to be said because nothing did."""

    status: int
    content_type: str
    body: bytes

    @property
    def good(self) -> bool:
        return self.status == 200


class Upstream:
    """One HTTP service. `get` never raises: what fails becomes an answer that says so."""

    def __init__(self, name: str, base: str, client: httpx.AsyncClient, token: str | None = None) -> None:
        self._name = name
        self.base = base
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def get(self, path: str, pairs: Pairs) -> Answer:
        async with self._turn:
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    return await self._read(path, pairs)
            except TimeoutError:
                return self._problem(504, "does not answer", f"Nothing came within {TIMEOUT_SECONDS:g} seconds.")
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                reason = str(error) or type(error).__name__
                return self._problem(502, "cannot be reached", f"{self.base} was asked: {reason}. Is it running?")

    async def _read(self, path: str, pairs: Pairs) -> Answer:
        query = httpx.QueryParams(pairs)
        request = self._client.stream("GET", f"{self.base}/api/v1/{path}", params=query, headers=self._headers)
        async with request as response:
            parts, size = [], 0
            async for part in response.aiter_bytes():
                parts.append(part)
                size += len(part)
                if size > MOST_BYTES:
                    return self._problem(
                        502,
                        "answered too much",
                        f"More than {MOST_BYTES} bytes; select fewer series or a shorter time.",
                    )
        content_type = response.headers.get("content-type", "")
        if not content_type.startswith(("application/json", "application/problem+json")):
            said = f"{self.base} answered {response.status_code} with {content_type or 'no content type'}, not JSON."
            return self._problem(502, "does not speak as expected", f"{said} Is it the right address?")
        return Answer(response.status_code, content_type, b"".join(parts))

    def _problem(self, status: int, what: str, detail: str) -> Answer:
        body = {"type": "about:blank", "status": status, "title": f"{self._name} {what}", "detail": detail}
        return Answer(status, "application/problem+json", json.dumps(body).encode())
