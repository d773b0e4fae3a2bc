"""The history as a file."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import StreamingResponse

from featurewatch.responder import export
from featurewatch.responder.access import Access
from featurewatch.responder.api.history import Kind
from featurewatch.responder.api.page import Label, Moment
from featurewatch.responder.database import Database
from featurewatch.responder.listing import Filter, State
from featurewatch.responder.tokens import Role

TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}
RESPONSES = {200: {"content": {"application/json": {}, "text/csv": {}}, "description": "All of it, as it is read."}}


def router(database: Database, access: Access, _clock: Callable[[], datetime]) -> APIRouter:
    paths = APIRouter(prefix="/api/v1/export", tags=["history"])

    @paths.get(
        "",
        response_class=StreamingResponse,
        responses=RESPONSES,  # type: ignore[arg-type] # its keys are status codes
        dependencies=[Depends(access.at_least(Role.VIEWER))],
    )
    def export_history(
        wanted_format: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
        state: Annotated[State, Query()] = "any",
        alertname: Label = None,
        service: Label = None,
        extractor: Label = None,
        severity: Label = None,
        kind: Kind = None,
        since: Annotated[Moment | None, Query()] = None,
        until: Annotated[Moment | None, Query()] = None,
    ) -> StreamingResponse:
        """Every transition that fits, the newest first."""
        wanted = Filter(
            state=state,
            alertname=alertname,
            service=service,
            extractor=extractor,
            severity=severity,
            kind=kind,
            since=since,
            until=until,
            levels=True,
        )
        with database.reading():
            pass  # while a refusal can still be told
        lines: Iterator[str] = (export.as_csv if wanted_format == "csv" else export.as_json)(database, wanted)
        headers = {"content-disposition": f'attachment; filename="history.{wanted_format}"'}
        return StreamingResponse(lines, media_type=TYPES[wanted_format], headers=headers)

    return paths
