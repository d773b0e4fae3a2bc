"""What every list of the API looks like, and what it can be asked for."""

from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import HTTPException, Query
from pydantic import AwareDatetime, BaseModel

from featurewatch.responder.listing import MOST, Cursor, CursorFault, Filter, State

T = TypeVar("T")


class PageBody(BaseModel, Generic[T]):
    """Entries, the newest first; `next` is the `cursor` of the following page, null on the last one."""

    items: list[T]
    next: str | None


@dataclass
class Asked:
    """Query parameters that lists share."""

    state: Annotated[State, Query(description="firing, resolved or any")] = "any"
    alertname: Annotated[str | None, Query(max_length=200)] = None
    service: Annotated[str | None, Query(max_length=200)] = None
    extractor: Annotated[str | None, Query(max_length=200)] = None
    severity: Annotated[str | None, Query(max_length=20)] = None
    since: Annotated[AwareDatetime | None, Query(description="RFC 3339 with a zone")] = None
    until: Annotated[AwareDatetime | None, Query(description="RFC 3339 with a zone")] = None
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100
    cursor: Annotated[str | None, Query(max_length=100, description="`next` of the page before")] = None

    def filter(self, **more: Any) -> Filter:
        names = ("state", "alertname", "service", "extractor", "severity", "since", "until")
        return Filter(**{name: getattr(self, name) for name in names}, **more)

    def after(self) -> Cursor | None:
        """Raises HTTPException 400."""
        if self.cursor is None:
            return None
        try:
            return Cursor.of(self.cursor)
        except CursorFault as fault:
            raise HTTPException(400, str(fault)) from None
