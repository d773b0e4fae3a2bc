"""The endpoints that Alertmanager posts to."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from featurewatch.demo.inbox import pagerduty, slack, webhook
from featurewatch.demo.inbox.answer import Answer
from featurewatch.demo.inbox.faults import Faults, InjectedFault
from featurewatch.demo.inbox.incidents import Incidents, RateLimit
from featurewatch.demo.inbox.mailbox import Mailbox
from featurewatch.demo.inbox.message import Message

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
"""For Slack and the webhook, which state no limit of their own."""


@dataclass(frozen=True)
class Sinks:
    """What the endpoints need: the services that exist, and where messages go."""

    workspace: slack.Workspace
    account: pagerduty.Account
    mailbox: Mailbox
    faults: Faults
    incidents: Incidents
    rate: RateLimit

    async def settle(self, request: Request, body: bytes, answer: Answer, accept: Callable[[], Answer]) -> Response:
        """Records the request and answers it, as a fault in force would have it. `accept` runs if it is accepted."""
        channel = answer.message.channel
        fault = self.faults.take(channel)
        if fault is not None and fault.mode == "hang" and not await self.faults.hang(channel, fault, _gone(request)):
            answer = replace(answer, reason=f"{fault.describe(channel)}; never answered")
        elif fault is not None and fault.mode == "status":
            answer = _troubled(answer, fault)
        elif not answer.reason:
            answer = accept()
        self.mailbox.receive(answer.message, body, ".json", answer.reason)
        return Response(answer.body, answer.status, dict(answer.headers), answer.media_type)


def create_router(sinks: Sinks) -> APIRouter:
    """`POST` endpoints of Slack, PagerDuty and the webhook."""
    router = APIRouter()

    @router.post("/services/{path:path}")
    async def slack_webhook(request: Request, path: str) -> Response:
        body = await _read(request, MAX_BODY_BYTES)
        content_type = request.headers.get("content-type", "")
        answer = slack.answer_webhook(sinks.workspace, path, content_type, body)
        return await sinks.settle(request, body, answer, lambda: answer)

    @router.post("/api/chat.postMessage")
    async def slack_post_message(request: Request) -> Response:
        body = await _read(request, MAX_BODY_BYTES)
        headers = request.headers
        answer = slack.answer_post_message(
            sinks.workspace, headers.get("authorization", ""), headers.get("content-type", ""), body
        )
        return await sinks.settle(request, body, answer, lambda: answer)

    @router.post("/v2/enqueue")
    async def pagerduty_event(request: Request) -> Response:
        body = await _read(request, pagerduty.MAX_EVENT_BYTES)
        event, answer = pagerduty.check(sinks.account, body)

        def accept() -> Answer:
            if event is None:
                return answer
            if not sinks.rate.allows(event.routing_key):
                return replace(pagerduty.rate_limited(answer), reason="Request Limit Exceeded")
            return pagerduty.processed(sinks.incidents.apply(answer.message, event.action))

        return await sinks.settle(request, body, answer, accept)

    @router.post("/webhook")
    async def generic_webhook(request: Request) -> Response:
        body = await _read(request, MAX_BODY_BYTES)
        answer = webhook.answer(body)
        if len(body) > MAX_BODY_BYTES:
            answer = Answer(message=Message(channel="webhook"), status=413, reason="body is too large")
        return await sinks.settle(request, body, answer, lambda: answer)

    return router


def _troubled(answer: Answer, fault: InjectedFault) -> Answer:
    """The answer of a service in trouble, in that service's own form."""
    channel = answer.message.channel
    status = fault.code(channel)
    if status == 429 and channel == "slack":
        answer = slack.rate_limited(answer, fault.retry_after or 1)
    elif status == 429 and channel == "pagerduty":
        answer = pagerduty.rate_limited(answer)
    else:
        answer = replace(answer, status=status, body=f"{fault.describe(channel)}\n", media_type="text/plain")
    # Retry-After counts whole seconds (RFC 9110).
    headers = {"Retry-After": str(math.ceil(fault.retry_after))} if fault.retry_after is not None else {}
    return replace(answer, headers=headers, reason=fault.describe(channel))


async def _read(request: Request, limit: int) -> bytes:
    """The body, or its first `limit` + 1 bytes. The rest is read and dropped, so that the sender hears the answer."""
    kept = bytearray()
    # Half a request is judged like a whole one: the answer goes nowhere, but the record shows what came.
    with contextlib.suppress(ClientDisconnect):
        async for chunk in request.stream():
            kept += chunk[: limit + 1 - len(kept)]
    return bytes(kept)


def _gone(request: Request) -> Callable[[], asyncio.Future[None]]:
    """Returns once the sender has closed the connection. Only after the body has been read."""

    async def wait() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return lambda: asyncio.ensure_future(wait())
