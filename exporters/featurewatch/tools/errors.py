"""The one way in which finding, fetching or starting a binary fails."""

from __future__ import annotations

from featurewatch.faults import Failure


class ToolError(Failure):
    """A binary that is needed cannot be had. The message says what is missing, what was tried, and what to do."""
