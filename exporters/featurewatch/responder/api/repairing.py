"""What the paths about repair share: whether this responder repairs at all, and what people say when they decide."""

from collections.abc import Callable
from typing import Annotated

from fastapi import HTTPException
from pydantic import BaseModel, Field

from featurewatch.responder.api.page import TEXT
from featurewatch.responder.repair.wiring import Repair


class CommentBody(BaseModel):
    """Why."""

    comment: Annotated[str, Field(max_length=2_000, pattern=TEXT)] = ""


def found(repair: Repair | None) -> Callable[[], Repair]:
    """A dependency that yields it. Raises HTTPException 503 where this responder repairs nothing."""

    def asked() -> Repair:
        if repair is None:
            raise HTTPException(
                503, "this responder repairs nothing; start it with --audit-key-file and --audit-anchor"
            )
        return repair

    return asked
