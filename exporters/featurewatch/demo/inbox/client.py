"""The inbox as the story and the tests see it."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import httpx

from featurewatch.demo.inbox.faults import Mode
from featurewatch.demo.inbox.message import Channel, Delivery, Status

_LONGEST_WAIT = 10.0
"""Seconds that one request waits; short enough that a killed inbox is noticed."""


class NotDelivered(TimeoutError):
    """Nothing that matched arrived in time; the message lists what did arrive."""


class InboxClient:
    """Reads an inbox and switches its faults.

    >>> with InboxClient("http://127.0.0.1:8025") as inbox:  # doctest: +SKIP
    ...     inbox.wait_for(lambda d: d.channel == "slack" and "ExtractionTooSlow" in d.firing, deadline=30)

    Methods raise httpx.HTTPError when the inbox does not answer or refuses the request.
    """

    def __init__(self, base_url: str, timeout: float = 5.0) -> None:
        self._http = httpx.Client(base_url=base_url, timeout=timeout, trust_env=False)
        self._timeout = timeout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def ready(self) -> bool:
        """Whether the inbox serves mail and HTTP."""
        try:
            return self._http.get("/-/ready").is_success
        except httpx.TransportError:
            return False

    def last_id(self) -> int:
        """The id of the last request that arrived: a mark from which to wait."""
        return int(self._get("/-/ready", {}, 0.0)["last_id"])

    def deliveries(
        self,
        *,
        channel: Channel | None = None,
        status: Status | None = None,
        alert: str = "",
        recipient: str = "",
        since_id: int | None = None,
        limit: int = 1000,
        refused: bool | None = False,
    ) -> list[Delivery]:
        """Deliveries, oldest first: the first `limit` after `since_id`, or without it the last `limit`.

        `status` "firing" and "resolved" include mixed messages; with `alert`, those that say it of that alert.
        Refused requests are left out unless `refused` is True (only those) or None (both).
        """
        asked = {"channel": channel, "status": status, "alert": alert, "recipient": recipient}
        return self._page(asked, since_id=since_id, limit=limit, refused=refused)[0]

    def wait_for(
        self,
        predicate: Callable[[Delivery], bool],
        deadline: float,
        *,
        since_id: int = 0,
        refused: bool | None = False,
    ) -> Delivery:
        """The first delivery after `since_id` for which `predicate` holds, waiting up to `deadline` seconds from now.

        Raises NotDelivered when the time is up.
        """
        end = time.monotonic() + deadline
        seen: list[Delivery] = []
        while True:
            left = end - time.monotonic()
            wait = max(0.0, min(left, _LONGEST_WAIT))
            found, since_id = self._page({}, since_id=since_id, limit=1000, refused=refused, wait=wait)
            for delivery in found:
                if predicate(delivery):
                    return delivery
            seen += found
            if left <= 0:
                arrived = "".join(f"\n  {_line(delivery)}" for delivery in seen[-20:]) or " nothing"
                raise NotDelivered(f"no such delivery within {deadline:g} s; arrived:{arrived}")

    def fault(
        self,
        channel: Channel,
        mode: Mode,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        seconds: float | None = None,
        count: int | None = None,
    ) -> None:
        """Makes a channel misbehave, or work again (mode "ok")."""
        options = {"status": status, "retry_after": retry_after, "seconds": seconds, "count": count}
        body = {"channel": channel, "mode": mode, **options}
        self._http.put("/admin/fault", json=body).raise_for_status()

    def clear(self) -> int:
        """Forgets all deliveries and incidents; how many deliveries that were."""
        return int(self._http.delete("/deliveries").raise_for_status().json()["cleared"])

    def raw(self, delivery: Delivery) -> str:
        """The request as it came."""
        return self._http.get(f"/deliveries/{delivery.id}/raw").raise_for_status().text

    def _page(
        self,
        asked: dict[str, str | None],
        *,
        since_id: int | None,
        limit: int,
        refused: bool | None,
        wait: float = 0.0,
    ) -> tuple[list[Delivery], int]:
        """Deliveries, and the id from which to ask on."""
        flags = {"refused": {False: "false", True: "true", None: "any"}[refused], "limit": str(limit)}
        parameters = {name: value for name, value in asked.items() if value} | flags
        if since_id is not None:
            parameters["since_id"] = str(since_id)
        if wait:
            parameters["wait"] = f"{wait:.3f}"
        said = self._get("/deliveries", parameters, wait)
        return [Delivery.from_json(value) for value in said["deliveries"]], int(said["last_id"])

    def _get(self, path: str, parameters: dict[str, str], wait: float) -> dict[str, Any]:
        answer = self._http.get(path, params=parameters, timeout=self._timeout + wait).raise_for_status()
        said: dict[str, Any] = answer.json()
        return said


def _line(delivery: Delivery) -> str:
    refused = f" refused: {delivery.reason}" if delivery.refused else ""
    return f"{delivery.id} {delivery.channel} {delivery.status} {' '.join(delivery.alerts)} {delivery.summary}{refused}"
