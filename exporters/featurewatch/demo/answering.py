"""What a story says when a part of the stack does not answer any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from featurewatch.demo.errors import StoryError


@contextmanager
def answering() -> Iterator[None]:
    """Inside the block every part must answer. Raises StoryError where one does not."""
    try:
        yield
    except httpx.HTTPError as error:
        raise StoryError(
            f"a part stopped answering: {type(error).__name__}: {error}; see `make status` and `make logs PART=…`"
        ) from error
