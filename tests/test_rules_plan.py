"""Windows and intervals follow from the declared traffic and budget, or are refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurewatch.chance import firing
from featurewatch.faults import Faulty
from featurewatch.objectives import Objectives, Severity, load
from featurewatch.objectives.model import Limit, Notify, Objective, PresenceObjective, QuantileObjective, RatioObjective
from featurewatch.rules.plan import MINIMUM_BAD, MINIMUM_EVENTS, SCRAPES_PER_WINDOW, TOLERATED, WINDOWS, Plan, plan


def quantile(*limits: Limit, quantile: float = 0.95) -> QuantileObjective:
    return QuantileObjective(
        name="latency",
        alert="TooSlow",
        title="fast enough",
        category="latency",
        first_steps=("look",),
        limits=limits or (Limit(Severity.CRITICAL, 0.1),),
        quantile=quantile,
        metric="duration_seconds",
        population=(),
    )


def ratio(*limits: Limit, counts: str = "bad") -> RatioObjective:
    return RatioObjective(
        name="errors",
        alert="Errors",
        title="few errors",
        category="errors",
        first_steps=("look",),
        limits=limits,
        counts="bad" if counts == "bad" else "good",
        metric="count",
        events=(),
        total=(),
    )


def presence(*limits: Limit) -> PresenceObjective:
    return PresenceObjective(
        name="up", alert="Down", title="up", category="availability", first_steps=("look",),
        limits=limits or (Limit(Severity.CRITICAL, 10.0, hold=10.0),), of="target", metric="up",
    )  # fmt: skip


def declared(*objectives: Objective, traffic: float = 40.0, budget: float = 25.0, retention: float = 3e6) -> Objectives:
    return Objectives(
        service="s",
        team="t",
        environment="e",
        minimum_traffic=traffic,
        delivery_budget=budget,
        retention=retention,
        runbooks="http://r",
        dashboards="http://d",
        objectives=objectives or (quantile(),),
        notify=Notify(),
    )


def refused(objectives: Objectives) -> list[str]:
    with pytest.raises(Faulty) as caught:
        plan(objectives)
    return [str(fault) for fault in caught.value.faults]


def test_the_committed_objectives_can_be_planned() -> None:
    planned = plan(load(Path(__file__).parent.parent / "objectives.yaml"))
    assert planned.worst_case.total <= planned.objectives.delivery_budget
    assert all(judgement.false_firing <= TOLERATED for judgement in planned.judgements)


def test_falling_traffic_widens_the_window() -> None:
    windows = [
        plan(declared(traffic=traffic, budget=86400)).judgements[0].window
        for traffic in (1000.0, 40.0, 10.0, 4.0, 1.0, 0.3, 0.1, 0.05)
    ]
    assert windows == sorted(windows)
    assert windows[0] == WINDOWS[0]
    assert windows[-1] >= 3600


@settings(deadline=None)
@given(st.floats(0.001, 10_000), st.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999]))
def test_a_window_is_taken_only_when_it_can_be_trusted_and_no_shorter_one_can(traffic: float, share: float) -> None:
    objectives = declared(quantile(quantile=share), traffic=traffic, budget=1e6)
    try:
        (judgement,) = plan(objectives).judgements
    except Faulty:
        trusted = []
    else:
        trusted = [judgement.window]
        assert judgement.false_firing <= TOLERATED
        assert traffic * judgement.window >= MINIMUM_EVENTS
    for window in WINDOWS[: WINDOWS.index(trusted[0]) if trusted else None]:
        events = int(traffic * window)
        allowed = round(1 - share, 12)
        chance = firing(events, allowed, 0.8 * allowed, MINIMUM_BAD)
        too_few = traffic * window < MINIMUM_EVENTS or traffic * window * allowed < MINIMUM_BAD
        assert too_few or chance > TOLERATED


def test_a_declared_window_that_fires_falsely_is_refused_with_one_that_does_not() -> None:
    told = refused(declared(quantile(Limit(Severity.HIGH, 0.1, window=20.0)), traffic=10.0))
    assert told == [
        "objectives.yaml: latency, high: a window of 20s fires falsely in 18.0% of windows; take 5m, or leave it out"
    ]
    advised = plan(declared(quantile(Limit(Severity.HIGH, 0.1, window=300.0)), traffic=10.0))
    assert advised.judgements[0].window == 300.0


def test_a_declared_window_is_taken_when_it_can_be_trusted() -> None:
    assert plan(declared(quantile(Limit(Severity.HIGH, 0.1, window=90.0)))).judgements[0].window == 90.0


@pytest.mark.parametrize(
    ("window", "traffic", "reason"),
    [
        (60.0, 0.1, "holds 6 events at the minimum traffic, and fewer than 20 are never judged"),
        (3.0, 1e5, "is shorter than 4 scrapes"),
        (90 * 86400.0, 40.0, "is longer than the samples are kept (30d)"),
    ],
)
def test_a_declared_window_that_cannot_work_is_refused_with_the_reason(
    window: float, traffic: float, reason: str
) -> None:
    limit = Limit(Severity.HIGH, 0.1, window=window)
    told = refused(declared(quantile(limit), traffic=traffic, retention=30 * 86400.0))
    assert [reason in fault for fault in told] == [True]


def test_traffic_too_thin_for_any_window_is_refused() -> None:
    told = refused(declared(traffic=0.0001))
    assert told == [
        "objectives.yaml: latency, critical: no window up to 1d can be trusted at this traffic; "
        "raise traffic.minimum or loosen the limit"
    ]


def test_every_window_that_cannot_be_trusted_is_told_at_once() -> None:
    limits = (Limit(Severity.HIGH, 0.1, window=20.0), Limit(Severity.CRITICAL, 0.15, window=30.0))
    told = refused(declared(quantile(*limits), ratio(Limit(Severity.HIGH, 0.05, window=20.0)), traffic=10.0))
    assert len(told) == 3


def test_a_budget_that_no_interval_keeps_is_refused_with_one_that_would_do() -> None:
    (told,) = refused(declared(budget=5.0))
    assert told.startswith("objectives.yaml: delivery.budget: 5s; needs at least 9 s")
    assert plan(declared(budget=9.0)).worst_case.total <= 9.0


def test_a_large_budget_does_not_starve_a_short_window_of_scrapes() -> None:
    planned = plan(declared(budget=3600.0, traffic=1000.0))
    assert planned.judgements[0].window == 60.0
    assert planned.timing.scrape_interval == 60.0 / SCRAPES_PER_WINDOW


def all_bad(planned: Plan) -> float:
    return max(judgement.detection + judgement.hold for judgement in planned.judgements)


@settings(deadline=None)
@given(st.floats(1, 1000), st.floats(10, 600), st.none() | st.integers(1, 60))
def test_no_critical_rule_waits_longer_than_the_budget(traffic: float, budget: float, hold: int | None) -> None:
    slow = quantile(Limit(Severity.CRITICAL, 0.1), quantile=0.9)
    held = ratio(Limit(Severity.CRITICAL, 0.01, hold=float(hold) if hold else None))
    try:
        planned = plan(declared(slow, held, traffic=traffic, budget=budget))
    except Faulty:
        return
    timing = planned.timing
    fixed = timing.scrape_interval + timing.evaluation_interval + timing.group_wait
    assert all_bad(planned) + fixed <= planned.worst_case.total <= budget


def test_the_more_severe_is_held_no_longer_where_nothing_is_declared() -> None:
    limits = tuple(Limit(severity, 0.1) for severity in Severity)
    holds = [judgement.hold for judgement in plan(declared(quantile(*limits))).judgements]
    assert holds == sorted(holds, reverse=True)


def test_a_declared_for_is_kept() -> None:
    planned = plan(declared(quantile(Limit(Severity.HIGH, 0.1, hold=33.0))))
    assert planned.judgements[0].hold == 33.0


@pytest.mark.parametrize(
    ("counts", "bound", "allowed"), [("good", 0.85, 0.15), ("bad", 0.05, 0.05), ("good", 0.999, 0.001)]
)
def test_what_is_allowed_follows_from_what_is_counted(counts: str, bound: float, allowed: float) -> None:
    planned = plan(declared(ratio(Limit(Severity.HIGH, bound), counts=counts)))
    assert planned.judgements[0].allowed == allowed
    assert planned.judgements[0].bound is None


def test_a_rare_event_is_looked_for_long_enough_to_be_judged_at_its_limit() -> None:
    """0.1 % of the 2400 events of a minute are 2.4, and below ten bad ones nothing is judged."""
    (rare,) = plan(declared(ratio(Limit(Severity.HIGH, 0.001)))).judgements
    assert rare.window == 3600.0
    assert rare.fires_from == rare.allowed == 0.001


def test_a_shorter_window_may_be_declared_and_says_from_which_share_it_fires() -> None:
    (rare,) = plan(declared(ratio(Limit(Severity.HIGH, 0.001, window=60.0)))).judgements
    assert rare.window == 60.0
    assert rare.fires_from == pytest.approx(10 / 2400)


def test_a_presence_is_watched_for_as_long_as_declared() -> None:
    planned = plan(declared(presence()))
    assert [(watch.hold, watch.limit.severity) for watch in planned.watches] == [(10.0, Severity.CRITICAL)]
    assert planned.judgements == ()
    assert planned.show_window == WINDOWS[0]


def test_what_is_only_shown_looks_back_over_the_shortest_window() -> None:
    limits = (Limit(Severity.HIGH, 0.1, window=600.0), Limit(Severity.CRITICAL, 0.15, window=120.0))
    assert plan(declared(quantile(*limits), budget=60.0)).show_window == 120.0


def test_faults_name_the_file_they_were_found_in() -> None:
    with pytest.raises(Faulty, match=r"other\.yaml: delivery\.budget"):
        plan(replace(declared(), delivery_budget=1.0), "other.yaml")
