"""What the decorators and the policy decide, without a cluster."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurewatch
from featurewatch.ray import SlowShare, extraction, measured, monitor_of
from featurewatch.ray.autoscaling import replicas

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")


@measured(service="features")
class Features:
    def __init__(self, factor: int = 2) -> None:
        self.factor = factor

    def __call__(self, value: int) -> int:
        """Multiply."""
        return value * self.factor

    async def slowly(self, value: int) -> int:
        return value

    @extraction
    async def marked(self, value: int, *, more: int = 0) -> int:
        return value + more


def test_a_measured_class_works_outside_of_ray_as_it_did() -> None:
    features = Features(3)
    assert asyncio.run(features.marked(1, more=2)) == 3
    assert features(2) == 6
    assert Features.__call__.__doc__ == "Multiply."
    assert monitor_of(features).service == "features"
    assert not [name for name in vars(Features) if name.startswith("_featurewatch")], "a class must travel by value"


def test_marked_methods_are_measured_in_place_of_the_call_itself() -> None:
    assert getattr(Features.marked, "_featurewatch_extraction", False)
    assert not getattr(Features.__call__, "_featurewatch_extraction", False)


def test_methods_are_chosen_by_name() -> None:
    @measured(methods=["slowly"])
    class Chosen:
        async def slowly(self, value: int) -> int:
            return value

        def __call__(self) -> None: ...

    assert getattr(Chosen.slowly, "_featurewatch_extraction", False)
    assert not getattr(Chosen.__call__, "_featurewatch_extraction", False)
    assert asyncio.run(Chosen().slowly(1)) == 1


def test_a_destructor_is_still_called() -> None:
    told: list[str] = []

    @measured()
    class Ending:
        def __call__(self) -> None: ...

        def __del__(self) -> None:
            told.append("ended")

    ending = Ending()
    ending.__del__()
    assert told == ["ended"]


def test_what_cannot_be_measured_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="has no method predict"):
        measured(methods=["predict"])(type("Empty", (), {}))

    def stream(self: object) -> Iterator[int]:
        yield 1

    with pytest.raises(TypeError, match="is a generator"):
        measured()(type("Streaming", (), {"__call__": stream}))
    with pytest.raises(TypeError, match="on the class itself"):
        measured()(stream)  # type: ignore[type-var]


def test_without_ray_the_import_says_what_to_install(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import featurewatch.ray"],
        env={"PYTHONPATH": str(Path(featurewatch.__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "pip install 'featurewatch[ray]'" in done.stderr.splitlines()[-1]


# --- the policy ---------------------------------------------------------------------------------------------------
def test_a_missed_objective_asks_for_half_as_many_again_and_at_least_one() -> None:
    assert replicas(share=1.01, running=1, target=1, base=1, step=1.5) == 2
    assert replicas(share=3, running=4, target=4, base=1, step=1.5) == 6


def test_replicas_that_do_not_run_yet_are_waited_for() -> None:
    assert replicas(share=9, running=2, target=4, base=1, step=1.5) == 4


def test_near_the_limit_nothing_is_taken_away_and_far_below_one_at_a_time() -> None:
    assert replicas(share=1.0, running=4, target=4, base=1, step=1.5) == 4
    assert replicas(share=0.5, running=4, target=4, base=1, step=1.5) == 4
    assert replicas(share=0.49, running=4, target=4, base=1, step=1.5) == 3


@given(share=st.floats(0, 100), running=st.integers(1, 50), target=st.integers(1, 50), base=st.floats(0, 100))
def test_there_are_never_fewer_than_the_queues_ask_for(share: float, running: int, target: int, base: float) -> None:
    assert replicas(share, running, target, base, 1.5) >= base


def context(**known: Any) -> SimpleNamespace:
    config = SimpleNamespace(get_target_ongoing_requests=lambda: 2.0, get_upscaling_factor=lambda: 1.0)
    given = {
        "current_num_replicas": 2,
        "target_num_replicas": 2,
        "total_num_requests": 8.0,
        "policy_state": {},
        "last_scale_up_time": None,
        "current_time": 1000.0,
        "config": config,
    }
    return SimpleNamespace(**(given | known))


def policy(share: float | None) -> SlowShare:
    """One whose Prometheus has said this."""
    answers = None if share is None else {"q": share}
    kind = type("Answered", (SlowShare,), {"prometheus_metrics": property(lambda _: answers)})
    made: SlowShare = kind(query="q", allowed=0.05)
    return made


def test_without_an_answer_the_queues_decide() -> None:
    wanted, _ = policy(None)(context())
    assert wanted == 4
    wanted, _ = policy(None)(context(total_num_requests=0.0))
    assert wanted == 0


def test_a_slow_share_adds_to_what_the_queues_ask_for_once_per_window() -> None:
    assert policy(0.06)(context(total_num_requests=0.0))[0] == 3
    assert policy(0.06)(context(total_num_requests=0.0, last_scale_up_time=950.0))[0] == 2
    assert policy(0.06)(context(total_num_requests=0.0, last_scale_up_time=940.0))[0] == 3
    # Exactly what is allowed is not too much.
    assert policy(0.05)(context(total_num_requests=0.0))[0] == 2


@pytest.mark.parametrize("wrong", [{"allowed": 0}, {"allowed": 1}, {"allowed": 0.05, "step": 1}])
def test_a_policy_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must be|is a share"):
        SlowShare(query="q", **wrong)  # type: ignore[arg-type]
