"""Faults injected into one channel on request, so that tests and the demonstration can see what the sender does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from featurewatch.demo.inbox.message import CHANNELS, Channel

Mode = Literal["ok", "status", "hang"]

DEFAULT_STATUS: Final = 500
DEFAULT_SMTP_STATUS: Final = 451
"""RFC 5321: requested action aborted, local error in processing. Temporary: the sender tries again."""


@dataclass(frozen=True)
class InjectedFault:
    """How a channel misbehaves."""

    mode: Mode = "ok"
    status: int | None = None
    """The HTTP or SMTP status of every answer in mode `status`."""
    retry_after: float | None = None
    """Seconds for the `Retry-After` header."""
    seconds: float | None = None
    """How long to hang; None: until the fault is taken back or the sender gives up."""
    count: int | None = None
    """For how many requests; None: until it is taken back."""

    def describe(self, channel: Channel) -> str:
        if self.mode == "hang":
            return "injected fault: hangs" + (f" for {self.seconds:g} s" if self.seconds is not None else "")
        return f"injected fault: status {self.code(channel)}"

    def code(self, channel: Channel) -> int:
        return self.status or (DEFAULT_SMTP_STATUS if channel == "email" else DEFAULT_STATUS)


class Faults:
    """The fault of each channel."""

    def __init__(self) -> None:
        self._faults: dict[Channel, InjectedFault] = dict.fromkeys(CHANNELS, InjectedFault())
        self._changed = {channel: asyncio.Event() for channel in CHANNELS}
        self._closed = False

    def now(self) -> dict[Channel, InjectedFault]:
        return dict(self._faults)

    def set(self, channel: Channel, fault: InjectedFault) -> None:
        """Puts `fault` in force; requests that hang because of the former one go on."""
        self._faults[channel] = fault
        self._release(channel)

    def take(self, channel: Channel) -> InjectedFault | None:
        """The fault that meets the request at hand, counted off; None if the channel works."""
        fault = self._faults[channel]
        if fault.mode == "ok":
            return None
        if fault.count is not None:
            left = replace(fault, count=fault.count - 1) if fault.count > 1 else InjectedFault()
            self._faults[channel] = left
        return fault

    def close(self) -> None:
        """Ends whatever hangs, unanswered."""
        self._closed = True
        for channel in CHANNELS:
            self._release(channel)

    async def hang(self, channel: Channel, fault: InjectedFault, gone: Callable[[], Awaitable[object]]) -> bool:
        """Waits as the fault says. False when the sender gave up first (`gone` tells by returning) or on closing."""
        leaving = asyncio.ensure_future(gone())
        released = asyncio.ensure_future(self._changed[channel].wait())
        try:
            await asyncio.wait((leaving, released), timeout=fault.seconds, return_when=asyncio.FIRST_COMPLETED)
            return not leaving.done() and not self._closed
        finally:
            leaving.cancel()
            released.cancel()
            await asyncio.gather(leaving, released, return_exceptions=True)

    def _release(self, channel: Channel) -> None:
        self._changed[channel].set()
        self._changed[channel] = asyncio.Event()
