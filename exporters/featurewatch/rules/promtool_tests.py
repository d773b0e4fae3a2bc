"""promtool unit tests, generated for every alert and every recorded series: file name to content.

- `<objective>.test.yaml`: its alerts from both sides of the limit, of `for` and of what is too little to judge
- `recorded.<window>.test.yaml`: all series recorded over that window
- `recorded.service.test.yaml`, `chain.test.yaml`: what belongs to no objective

The dot keeps names apart: an objective's name has none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby

from featurewatch import names
from featurewatch.objectives.units import duration_text
from featurewatch.rules import build
from featurewatch.rules.cases import EXTRACTOR, Case, Desk
from featurewatch.rules.model import Alert, Group
from featurewatch.rules.plan import SCRAPES_PER_WINDOW, Judgement, Plan, Watch
from featurewatch.rules.presence_cases import PresenceCases
from featurewatch.rules.recorded_cases import RecordedCases, service_cases, step_of
from featurewatch.rules.share_cases import ShareCases

PATIENCE = 60
"""Evaluations that a test waits for a `for` to be over; a longer one is told in coarser steps."""


def test_files(plan: Plan, groups: tuple[Group, ...]) -> dict[str, Case]:
    """File name to content."""
    return files_about(plan, groups, EXTRACTOR)


def files_about(plan: Plan, groups: tuple[Group, ...], extractor: str) -> dict[str, Case]:
    """As `test_files`; the tests of alerts speak of an extractor of this name."""
    files = {}
    for objective in plan.objectives.objectives:
        for name, step, cases in _of_objective(plan, groups, objective.name, extractor):
            files[f"{name}.test.yaml"] = _file(groups, step, cases)
    recordings = frozenset(rule.name for group in groups for rule in group.recordings)
    for window in sorted(_windows(plan)):
        case = RecordedCases(plan, window, recordings).case()
        files[f"recorded.{duration_text(window)}.test.yaml"] = _file(groups, step_of(window), [case])
    files["recorded.service.test.yaml"] = _file(groups, 1800.0, list(service_cases(plan)))
    files["chain.test.yaml"] = _file(groups, plan.timing.evaluation_interval, [_watchdog(plan, groups)])
    return files


def _of_objective(
    plan: Plan, groups: tuple[Group, ...], name: str, extractor: str
) -> Iterator[tuple[str, float, list[Case]]]:
    """(file name, step, cases): one file, or one per severity where the steps differ."""
    everything: list[Judgement | Watch] = [*plan.judgements, *plan.watches]
    ladder = [rung for rung in everything if rung.objective.name == name]
    steps = [_step(plan, rung) for rung in ladder]
    for step, rungs in groupby(zip(steps, ladder, strict=True), key=lambda pair: pair[0]):
        members = [rung for _, rung in rungs]
        file = name if len(set(steps)) == 1 else f"{name}.{members[0].limit.severity}"
        yield file, step, list(_cases(plan, groups, members, ladder, Desk(plan.objectives.service, step, extractor)))


def _cases(
    plan: Plan, groups: tuple[Group, ...], members: list[Judgement | Watch], ladder: list[Judgement | Watch], desk: Desk
) -> Iterator[Case]:
    objective = ladder[0].objective
    alerts = {alert.labels[names.SEVERITY]: alert for alert in _alerts(groups) if alert.name == objective.alert}
    shares = tuple(rung for rung in ladder if isinstance(rung, Judgement))
    watches = tuple(rung for rung in ladder if isinstance(rung, Watch))
    others = tuple(sorted({other.alert for other in plan.objectives.objectives} - {objective.alert}))
    for rung in members:
        if isinstance(rung, Judgement):
            yield from ShareCases(desk, shares, alerts).of(rung)
        else:
            yield from PresenceCases(desk, watches, alerts, others).of(rung)


def _step(plan: Plan, rung: Judgement | Watch) -> float:
    """Seconds between evaluations in the tests of this step of a ladder."""
    interval = plan.timing.evaluation_interval
    steps = math.ceil(rung.hold / interval / PATIENCE)
    if rung.window:  # which has to hold a few samples
        steps = min(steps, int(rung.window / interval / SCRAPES_PER_WINDOW))
    return interval * max(1, steps)


def _windows(plan: Plan) -> set[float]:
    watched = {watch.window for watch in plan.watches if watch.objective.of == "events"}
    return watched | {plan.show_window} | {judgement.window for judgement in plan.judgements}


def _alerts(groups: tuple[Group, ...]) -> Iterator[Alert]:
    return (alert for group in groups for alert in group.alerts)


def _file(groups: tuple[Group, ...], step: float, cases: list[Case]) -> Case:
    return {
        "rule_files": [f"../{group.name}.rules.yaml" for group in groups],
        "evaluation_interval": duration_text(step),
        "group_eval_order": [group.name for group in groups],
        "fuzzy_compare": True,
        "tests": cases,
    }


def _watchdog(plan: Plan, groups: tuple[Group, ...]) -> Case:
    [alert] = [alert for alert in _alerts(groups) if alert.name == build.WATCHDOG]
    desk = Desk(plan.objectives.service, plan.timing.evaluation_interval)
    firing = [{"exp_labels": alert.labels, "exp_annotations": alert.annotations}]
    return desk.case(
        f"{alert.name} fires from the first evaluation, without any data", [], [desk.look(0, alert.name, firing)]
    )
