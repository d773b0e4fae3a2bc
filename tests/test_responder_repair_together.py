"""Several responders on one database, at the same moment: what one calls, no other does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from tests.repair_stage import Stage, staged
from tests.running_postgresql import running_postgresql

from featurewatch.responder.repair.engine import Engine

RESPONDERS = 4
ROUNDS = 6


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    if request.param == "sqlite":
        with staged(tmp_path) as made:
            yield made
        return
    with running_postgresql() as server, staged(tmp_path, server.url) as made:
        yield made


def test_responders_that_work_at_the_same_moment_call_once(stage: Stage) -> None:
    for number in range(50):
        stage.fire("high", number)
    together = Barrier(RESPONDERS)

    def work(engine: Engine) -> None:
        for _ in range(ROUNDS):
            together.wait(60)
            engine.work()

    with ThreadPoolExecutor(RESPONDERS) as pool:
        list(pool.map(work, [stage.another() for _ in range(RESPONDERS)]))

    assert len(stage.target.wishes) == 1
    assert stage.states == ["holding"]
    assert [kind for kind in stage.story if kind != "held-back"] == ["intended", "calling", "called", "holding"]
    assert stage.flaws() == []
