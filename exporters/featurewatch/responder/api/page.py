"""What every list of the API looks like, and what it can be asked for."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import HTTPException, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel

from featurewatch.responder.listing import MOST, Cursor, CursorFault, Filter, State

T = TypeVar("T")


def _within_reason(moment: datetime) -> datetime:
    """In UTC, and far enough from the ends of the calendar that one can reckon with it."""
    if not 1970 <= moment.year < 2200:
        raise ValueError("give a time between 1970 and 2200")
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_within_reason)]
"""A time with a zone."""

TEXT: Final = r"^[^\x00]*$"
"""What a database keeps as text."""

Label = Annotated[str | None, Query(max_length=200, pattern=TEXT)]
"""The value of a label that is asked for."""


class PageBody(BaseModel, Generic[T]):
    """Entries, the newest first; `next` is the `cursor` of the following page, null on the last one."""

    items: list[T]
    next: str | None


@dataclass
class Asked:
    """Query parameters that lists share."""

    state: Annotated[State, Query(description="firing, resolved or any")] = "any"
    alertname: Label = None
    service: Label = None
    extractor: Label = None
    severity: Label = None
    since: Annotated[Moment | None, Query(description="RFC 3339 with a zone")] = None
    until: Annotated[Moment | None, Query(description="RFC 3339 with a zone")] = None
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
