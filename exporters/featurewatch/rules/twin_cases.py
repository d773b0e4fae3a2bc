"""Tests of the twin of an objective on declared series, which fires when they are gone."""

from __future__ import annotations

from collections.abc import Iterator

from featurewatch import names
from featurewatch.rules import clashes, declared, expected, recorded
from featurewatch.rules.cases import ANOTHER, Case, Desk, series
from featurewatch.rules.model import Alert
from featurewatch.rules.plan import Plan, Twin
from featurewatch.rules.scenario import evaluations


def just_before(plan: Plan, twin: Twin, desk: Desk) -> Iterator[Case]:
    """One evaluation of the rules before `for` is over, in steps that only meet there."""
    hold = evaluations(twin.hold, desk.step)
    yield desk.case(
        f"{clashes.TWIN}, {twin.objective.name}: silent until the evaluation before `for` is over",
        [desk.up(f"1x{hold}"), *_quiet(plan, twin, desk, hold)],
        [desk.look(hold - 1, clashes.TWIN, [])],
    )


def _quiet(plan: Plan, twin: Twin, desk: Desk, end: int) -> list[Case]:
    """The data of all others are there."""
    own = (names.SERVICE, desk.service)
    return [series(declared.twin_reads(plan, other), (own,), f"1x{end}") for other in plan.twins if other != twin]


def twin_cases(plan: Plan, twin: Twin, alert: Alert, desk: Desk) -> Iterator[Case]:
    """It fires when the data are gone, and alone; not while they are there, nor for another service."""
    hold = evaluations(twin.hold, desk.step)
    name, objective = declared.twin_reads(plan, twin), twin.objective
    by = tuple((label, desk.value_of(label)) for label in objective.by)
    end = 2 * hold + 9
    up = desk.up(f"1x{end}")
    foreign = series(name, ((names.SERVICE, ANOTHER), *by), f"1x{end}")
    quiet = _quiet(plan, twin, desk, end)
    labels = {names.SERVICE: desk.service}
    told = [
        {
            "exp_labels": {**labels, **alert.labels},
            "exp_annotations": expected.filled(alert.annotations, labels, 1.0, {}),
        }
    ]

    def look(step: int, fires: bool) -> Case:
        return desk.look(step, clashes.TWIN, told if fires else [])

    title = f"{clashes.TWIN}, {objective.name}: "
    yield desk.case(
        title + "fires alone when its data are gone, whatever another service has",
        [up, foreign, *quiet],
        [look(hold - 1, False), look(hold, True), desk.look(hold, objective.alert, [])],
    )
    there = series(name, ((names.SERVICE, desk.service), *by), f"1x2 _x{hold} 1x3")
    yield desk.case(
        title + "silent until `for` is over, and again when the data come back",
        [up, there, *quiet],
        [look(2 + hold, False), look(hold + 3, False)],
    )
    if declared.measured_here(twin):
        yield desk.case(
            title + "silent while the target is down, which has its own alert",
            [desk.up(f"0x{hold + 2}"), series(recorded.SERVICE_UP, ((names.SERVICE, ANOTHER),), f"1x{end}"), *quiet],
            [look(hold + 1, False)],
        )
