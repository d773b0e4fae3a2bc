"""Taking an alert in hand, as a person does with the link of a message."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

import httpx

from featurewatch import names
from featurewatch.demo.errors import StoryError
from featurewatch.tls import trusted


class Responder:
    """A small caller of one responder. Methods raise httpx.HTTPError when it does not answer or refuses."""

    def __init__(self, url: str, token: str, authority: Path | None = None, timeout: float = 10.0) -> None:
        headers = {"authorization": f"Bearer {token}"}
        self._http = httpx.Client(
            base_url=url, headers=headers, timeout=timeout, trust_env=False, verify=trusted(authority)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def acknowledge(self, labels: Mapping[str, str], owner: str, comment: str) -> None:
        """Take the firing alert of these labels in hand. Raises StoryError where the responder knows of none."""
        asked = {"state": "firing"} | {
            name: labels[name]
            for name in (names.ALERTNAME, names.SERVICE, names.EXTRACTOR, names.SEVERITY)
            if labels.get(name)
        }
        found = self._http.get("/api/v1/alerts", params=asked).raise_for_status().json()["items"]
        if not found:
            raise StoryError(
                f"the responder knows of no firing {labels[names.ALERTNAME]}; see `make logs PART=responder`"
            )
        for alert in found:
            said = {"owner": owner, "comment": comment}
            self._http.put(f"/api/v1/alerts/{alert['id']}/acknowledgement", json=said).raise_for_status()
