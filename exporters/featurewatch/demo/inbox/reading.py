"""What was received: as JSON, as a stream of events, as a page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi import Query as Parameter
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, StreamingResponse

from featurewatch.demo.inbox import page
from featurewatch.demo.inbox.incidents import Incidents
from featurewatch.demo.inbox.mail import html_part
from featurewatch.demo.inbox.mailbox import Mailbox
from featurewatch.demo.inbox.message import Channel, Delivery, Query, Status

KEEP_ALIVE_SECONDS: Final = 15.0
MAX_WAIT_SECONDS: Final = 30.0

_PROTECTED: Final = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


def query_of(
    channel: Channel | None = None,
    status: Status | None = None,
    alert: str = "",
    recipient: str = "",
    refused: Literal["false", "true", "any"] = "false",
) -> Query:
    """The query in a URL's parameters."""
    wanted = {"false": False, "true": True, "any": None}[refused]
    return Query(channel=channel, status=status, alert=alert, recipient=recipient, refused=wanted)


Asked = Annotated[Query, Depends(query_of)]
SinceId = Annotated[int | None, Parameter(ge=0)]


def create_router(mailbox: Mailbox, incidents: Incidents) -> APIRouter:
    """`GET` endpoints."""
    router = APIRouter()

    @router.get("/deliveries")
    async def deliveries(
        query: Asked,
        since_id: SinceId = None,
        limit: Annotated[int, Parameter(ge=1, le=10_000)] = 1000,
        wait: Annotated[float, Parameter(ge=0, le=MAX_WAIT_SECONDS)] = 0.0,
    ) -> JSONResponse:
        """With `wait`, and nothing to give, the answer waits for the next arrival, that many seconds at most."""
        seen = mailbox.last_id
        found = mailbox.select(query, since_id=since_id, limit=limit)
        if not found and wait and await mailbox.newer_than(seen, wait):
            seen = mailbox.last_id
            found = mailbox.select(query, since_id=since_id, limit=limit)
        # Where to go on from: behind the last one given, unless all were given.
        next_id = found[-1].id if len(found) == limit and since_id is not None else seen
        return JSONResponse({"deliveries": [delivery.to_json() for delivery in found], "last_id": next_id})

    @router.get("/deliveries/{delivery_id}/raw")
    async def raw(delivery_id: int) -> PlainTextResponse:
        _, content = _raw(mailbox, delivery_id)
        return PlainTextResponse(content, headers=_PROTECTED | {"Content-Security-Policy": page.INERT})

    @router.get("/deliveries/{delivery_id}/html")
    async def html(delivery_id: int) -> HTMLResponse:
        delivery, content = _raw(mailbox, delivery_id)
        markup = html_part(content) if delivery.channel == "email" else ""
        if not markup:
            raise HTTPException(404, f"delivery {delivery_id} has no HTML part")
        return HTMLResponse(
            markup.encode("utf-8", "replace"), headers=_PROTECTED | {"Content-Security-Policy": page.INERT}
        )

    @router.get("/events")
    async def events(request: Request, query: Asked, since_id: SinceId = None) -> StreamingResponse:
        """Deliveries as they arrive, after `since_id` or the `Last-Event-ID` of a reader that comes back."""
        again = request.headers.get("last-event-id", "")
        start = int(again) if again.isascii() and again.isdigit() else since_id
        stream = _events(mailbox, query, mailbox.last_id if start is None else start)
        return StreamingResponse(stream, media_type="text/event-stream", headers=_PROTECTED)

    @router.get("/incidents")
    async def open_incidents() -> list[dict[str, object]]:
        """The incidents that PagerDuty would have open."""
        return [
            {
                "dedup_key": incident.message.key,
                "state": incident.state,
                "triggers": incident.triggers,
                "summary": incident.message.summary,
                "alerts": list(incident.message.alerts),
            }
            for incident in incidents.open
        ]

    @router.get("/-/ready")
    async def ready() -> dict[str, int]:
        """Answers once mail and HTTP are served; with the counts that tell of losses."""
        journal = mailbox.journal
        return {
            "deliveries": len(mailbox.deliveries),
            "last_id": mailbox.last_id,
            "dropped": mailbox.dropped,
            "not_on_disk": journal.waiting,
            "write_failures": journal.failures,
        }

    @router.get("/")
    async def front(
        query: Asked,
        refused: Literal["false", "true", "any"] = "any",
        limit: Annotated[int, Parameter(ge=1, le=1000)] = 200,
    ) -> HTMLResponse:
        shown = query_of(query.channel, query.status, query.alert, query.recipient, refused)
        text = page.render(
            mailbox.select(shown, limit=limit), shown, last_id=mailbox.last_id, forgotten=mailbox.dropped
        )
        return HTMLResponse(text, headers=_PROTECTED | {"Content-Security-Policy": page.CONTENT_SECURITY_POLICY})

    @router.get("/page.js")
    async def script() -> Response:
        return Response(page.SCRIPT, media_type="text/javascript", headers=_PROTECTED)

    return router


def _raw(mailbox: Mailbox, delivery_id: int) -> tuple[Delivery, bytes]:
    delivery = mailbox.find(delivery_id)
    content = mailbox.journal.read_raw(delivery) if delivery is not None else None
    if delivery is None or content is None:
        raise HTTPException(404, f"no request is kept for delivery {delivery_id}")
    return delivery, content


async def _events(mailbox: Mailbox, query: Query, since_id: int) -> AsyncIterator[str]:
    yield ": the inbox, delivery by delivery\n\n"
    while not mailbox.closed:
        # Read the end before selecting: what arrives between two yields is then found in the next round.
        end = mailbox.last_id
        for delivery in mailbox.select(query, since_id=since_id):
            yield f"id: {delivery.id}\nevent: delivery\ndata: {json.dumps(delivery.to_json())}\n\n"
            end = max(end, delivery.id)
        since_id = end
        if not await mailbox.newer_than(since_id, KEEP_ALIVE_SECONDS):
            yield ": still here\n\n"
