"""What happens, as it happens: server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, HTTPException, Query
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import func, select
from starlette.requests import Request
from starlette.responses import StreamingResponse

from featurewatch.responder import listing
from featurewatch.responder.access import Access
from featurewatch.responder.api.history import TransitionBody, body
from featurewatch.responder.database import Database, DatabaseUnavailable
from featurewatch.responder.tables import transitions
from featurewatch.responder.tokens import Role

POLL_SECONDS: Final = 1.0
QUIET_SECONDS: Final = 15.0
"""After so long a comment says that the line still stands."""

READERS: Final = 50
AT_ONCE: Final = 500


class EventStream(StreamingResponse):
    media_type = "text/event-stream"


class Readers:
    """How many follow at the moment."""

    def __init__(self, most: int = READERS) -> None:
        self._free = most

    def require_room(self) -> None:
        """Raises HTTPException 429."""
        if self._free <= 0:
            raise HTTPException(429, "As many follow already as may.", {"retry-after": "60"})

    def enter(self) -> None:
        self._free -= 1

    def leave(self) -> None:
        self._free += 1


def router(database: Database, access: Access, _clock: Callable[[], datetime]) -> APIRouter:
    paths = APIRouter(prefix="/api/v1/events", tags=["history"])
    readers = Readers()

    @paths.get("", response_class=EventStream, dependencies=[Depends(access.at_least(Role.VIEWER))])
    async def follow_events(
        request: Request,
        last: Annotated[int | None, Header(alias="Last-Event-ID", ge=0, le=2**31 - 1)] = None,
        seconds: Annotated[float, Query(gt=0, le=3_600, description="then the stream ends; come again")] = 3_600,
    ) -> EventStream:
        """Each transition as it is committed, as `history` has it. With `Last-Event-ID`, first what was missed."""
        readers.require_room()
        start = await run_in_threadpool(_newest, database) if last is None else last
        return EventStream(_events(database, request, readers, start, seconds), headers={"cache-control": "no-store"})

    return paths


async def _events(
    database: Database, request: Request, readers: Readers, last: int, seconds: float
) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    spoke = loop.time()
    readers.enter()
    try:
        yield f"retry: 2000\nid: {last}\n\n"
        while loop.time() < end and not await request.is_disconnected():
            for item in await _after(database, last):
                last, spoke = item.id, loop.time()
                yield f"id: {item.id}\nevent: {item.kind}\ndata: {json.dumps(item.model_dump(mode='json'))}\n\n"
            if loop.time() - spoke > QUIET_SECONDS:
                spoke = loop.time()
                yield ": quiet\n\n"
            await asyncio.sleep(min(POLL_SECONDS, max(0.0, end - loop.time())))
    finally:
        readers.leave()


async def _after(database: Database, last: int) -> list[TransitionBody]:
    """What came after; nothing while the database does not answer."""

    def ask() -> list[TransitionBody]:
        with database.reading() as connection:
            return [body(row) for row in listing.after(connection, last, AT_ONCE)]

    try:
        return await run_in_threadpool(ask)
    except DatabaseUnavailable:
        return []


def _newest(database: Database) -> int:
    with database.reading() as connection:
        return connection.execute(select(func.max(transitions.c.id))).scalar() or 0
