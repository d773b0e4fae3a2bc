"""What an endpoint answers, together with what it understood."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from featurewatch.demo.inbox.message import Message


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer and the message it answers; refused when there is a `reason`."""

    message: Message
    status: int = 200
    body: str = ""
    media_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


def read_json(body: bytes) -> Any:
    """The JSON value in `body`. Raises ValueError for anything that is not standard JSON, or is nested absurdly."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
