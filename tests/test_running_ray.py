"""What the tests of Ray say when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import running_ray

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")


def test_a_ray_that_does_not_start_is_told_with_the_last_words_of_its_own_processes(tmp_path: Path) -> None:
    logs = tmp_path / "ray" / "session_2026-01-01" / "logs"
    logs.mkdir(parents=True)
    (logs / "raylet.out").write_text("one\n" * 100 + "no space left\n")
    (logs / "worker.out").write_text("of no matter\n")
    with (
        pytest.raises(AssertionError, match=r"Ray did not start: TimeoutError\('.+'\)\nraylet.out:\n") as told,
        running_ray.starting(tmp_path),
    ):
        raise TimeoutError("no answer")
    assert str(told.value).endswith("no space left")
    assert str(told.value).count("one") == 14
    assert "of no matter" not in str(told.value)


def test_a_ray_that_wrote_nothing_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="It wrote nothing"), running_ray.starting(tmp_path):
        raise TimeoutError("no answer")
