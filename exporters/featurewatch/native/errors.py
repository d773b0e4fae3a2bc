"""The ways in which running the stack fails. Each message names the part, the place and the remedy."""

from __future__ import annotations

from collections.abc import Sequence

from featurewatch.faults import Failure


class StackError(Failure):
    """The stack could not be started, reached or stopped."""


class PartFailed(StackError):
    """A part did not become ready. Its last log lines are in the message."""

    def __init__(self, part: str, reason: str, log_file: str, tail: Sequence[str]) -> None:
        self.part = part
        self.reason = reason
        lines = [f"{part} {reason}", f"the end of {log_file}:", *(f"  {line}" for line in tail)]
        super().__init__("\n".join(lines if tail else [lines[0], f"{log_file} is empty"]))


class PortsTaken(StackError):
    """Ports that the stack needs are in use; all of them are listed."""
