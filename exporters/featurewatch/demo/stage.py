"""Where a story plays, and the fault that it puts there and takes away again, whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpx

from featurewatch.demo.errors import StoryError
from featurewatch.demo.inbox.client import InboxClient
from featurewatch.demo.observer import Prometheus
from featurewatch.demo.scenes import Scene

Acknowledge = Callable[[Mapping[str, str]], str]
"""Takes the alert of these labels in hand, and says who did. Raises httpx.HTTPError or StoryError."""

PutFault = Callable[[str, Mapping[str, object]], None]
"""Puts a fault (the second) into the extractor at an address (the first). Raises httpx.HTTPError."""


def nobody(_: Mapping[str, str]) -> str:
    """There is no responder."""
    raise StoryError("nobody can acknowledge: objectives.yaml declares no responder")


END_SECONDS = 10.0
"""How long to try to end a fault: the extractor may be restarting at this moment."""

NO_FAULT: Mapping[str, object] = {"mode": "none"}


def put_fault(extractor_url: str, fault: Mapping[str, object]) -> None:
    """Over the extractor's admin endpoint, which answers to this machine only."""
    answer = httpx.put(f"{extractor_url}/admin/fault", json=dict(fault), timeout=5, trust_env=False)
    answer.raise_for_status()


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the story plays: the parts' addresses and the hands that move them."""

    extractor_url: str
    inbox: InboxClient
    prometheus: Prometheus
    stop_extractor: Callable[[], None]
    start_extractor: Callable[[], None]
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    put_fault: PutFault = put_fault
    no_traffic: Callable[[], str] = lambda: ""
    """Why the traffic ended; empty while it flows."""
    acknowledge: Acknowledge = nobody


@contextmanager
def fault(stage: Stage, scene: Scene, longest: float) -> Iterator[None]:
    """The scene's fault holds inside and ends with it, whatever happens; after `longest` seconds by itself.

    A process that was taken away has no such end: `up` brings it back. Raises StoryError.
    """
    try:
        _begin(stage, scene, longest)
    except BaseException:
        # It may have got there all the same: an answer that came too late, an interrupt in between.
        with suppress(Exception):
            _undo(stage, scene)
        raise
    try:
        yield
    finally:
        if scene.fault is None:
            stage.start_extractor()
        else:
            end_fault(stage)


def end_fault(stage: Stage) -> None:
    """Take away whatever fault the extractor has. Raises StoryError when it takes no faults at all."""
    deadline = stage.clock() + END_SECONDS
    while True:
        try:
            stage.put_fault(stage.extractor_url, NO_FAULT)
        except httpx.HTTPError as error:
            answered = isinstance(error, httpx.HTTPStatusError)
            if answered or stage.clock() >= deadline:
                raise _refused(error) from error
        else:
            return
        stage.sleep(0.5)


def _begin(stage: Stage, scene: Scene, longest: float) -> None:
    if scene.fault is None:
        stage.stop_extractor()
        return
    try:
        stage.put_fault(stage.extractor_url, {**scene.fault, "for_seconds": longest})
    except httpx.HTTPError as error:
        raise _refused(error) from error


def _undo(stage: Stage, scene: Scene) -> None:
    if scene.fault is None:
        stage.start_extractor()
    else:
        stage.put_fault(stage.extractor_url, NO_FAULT)


def _refused(error: httpx.HTTPError) -> StoryError:
    return StoryError(f"the extractor takes no fault: {type(error).__name__}: {error}; is the stack up? (`make up`)")
