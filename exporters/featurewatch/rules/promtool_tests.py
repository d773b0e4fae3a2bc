"""promtool unit tests, generated for every alert and every recorded series: file name to content.

- `<objective>.test.yaml`: its alerts from both sides of the limit, of `for` and of what is too little to judge
- `<objective>.recorded.….test.yaml`, `<objective>.absent.test.yaml`: what is recorded of declared series, and its twin
- `recorded.<window>.test.yaml`: all series recorded over that window
- `recorded.service.test.yaml`, `watchdog.test.yaml`, `chain.test.yaml`: what belongs to no objective

The dot keeps names apart: an objective's name has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from featurewatch.objectives.units import duration_text
from featurewatch.rules import (
    build,
    chain,
    chain_cases,
    declared_feed,
    declared_share_cases,
    declared_value_cases,
    dependencies,
    followup_cases,
    native_cases,
    outlook,
    outlook_cases,
    part_cases,
    recorded,
    steps,
    twin_cases,
)
from featurewatch.rules.bound_cases import BoundCases
from featurewatch.rules.cases import EXTRACTOR, Case, Desk
from featurewatch.rules.model import Alert, Group
from featurewatch.rules.plan import Comparison, Judgement, Plan, Watch
from featurewatch.rules.presence_cases import PresenceCases
from featurewatch.rules.recorded_cases import RecordedCases, service_cases, step_of
from featurewatch.rules.share_cases import ShareCases


def test_files(plan: Plan, groups: tuple[Group, ...]) -> dict[str, Case]:
    """File name to content."""
    return files_about(plan, groups, EXTRACTOR)


def files_about(plan: Plan, groups: tuple[Group, ...], extractor: str) -> dict[str, Case]:
    """As `test_files`; the tests of alerts speak of an extractor of this name."""
    files = {}
    named = {group.name: group for group in groups}
    for name, own, step, cases in outlook_cases.test_files(plan, groups, extractor):
        files[f"{name}.test.yaml"] = _file(tuple(named[each] for each in own), step, cases)
    beyond = {group.name for group in outlook.groups(plan)}
    groups = tuple(group for group in groups if group.name not in beyond)  # what has tests of its own would slow others
    for objective in plan.objectives.objectives:
        for name, step, cases in _of_objective(plan, objective.name, extractor):
            files[f"{name}.test.yaml"] = _file(groups, step, cases)
    for name, step, cases in _of_declared(plan):
        files[f"{name}.test.yaml"] = _file(groups, step, cases)
    recordings = frozenset(rule.name for group in groups for rule in group.recordings)
    for window in sorted(_windows(plan)):
        told = [RecordedCases(plan, window, recordings).case()]
        if recorded.native_rate(window) in recordings:
            told.append(native_cases.case(plan, window))
        if window == plan.show_window:
            told += part_cases.cases(plan)
        files[f"recorded.{duration_text(window)}.test.yaml"] = _file(groups, step_of(window), told)
    for name, step, cases in followup_cases.files(plan, groups, extractor):
        files[f"{name}.test.yaml"] = _file(groups, step, cases)
    files["recorded.service.test.yaml"] = _file(groups, 1800.0, list(service_cases(plan)))
    files["watchdog.test.yaml"] = _file(groups, plan.timing.evaluation_interval, [_watchdog(plan, groups)])
    for group in groups:
        if group.name == chain.GROUP:
            files.update(_chain(groups, group, list(chain_cases.cases(plan, group))))
    return files


Rung = Judgement | Comparison | Watch


def _of_objective(plan: Plan, name: str, extractor: str) -> Iterator[tuple[str, float, list[Case]]]:
    """(file name, step, cases): one file, or several where the steps differ."""
    everything: list[Rung] = [*plan.judgements, *plan.comparisons, *plan.watches]
    ladder = [rung for rung in everything if rung.objective.name == name]
    by_step: dict[float, list[Rung]] = {}
    for rung in ladder:
        by_step.setdefault(_step(plan, rung), []).append(rung)
    for step, members in by_step.items():
        file = name if len(by_step) == 1 else f"{name}.{duration_text(step)}"
        desk = Desk(plan.objectives.service, step, extractor)
        yield file, step, [case for rung in members for case in _cases(plan, rung, ladder, desk)]
        late: dict[float, list[Case]] = {}
        for rung in members if step != plan.timing.evaluation_interval else ():
            last = steps.just_before(rung.hold, plan.timing.evaluation_interval)
            told = _cases(plan, rung, ladder, replace(desk, step=last), late=True)
            late.setdefault(last, []).extend(told)
        for last, told in late.items():
            yield f"{name}.late.{duration_text(last)}", last, told


def _of_declared(plan: Plan) -> Iterator[tuple[str, float, list[Case]]]:
    """The same for what objectives on declared series record, and for their twins."""
    interval, service = plan.timing.evaluation_interval, plan.objectives.service
    written: set[str] = set()
    rungs: list[Judgement | Comparison] = [*plan.judgements, *plan.comparisons]
    for rung in rungs:
        series = rung.value if isinstance(rung, Comparison) else rung.good_ratio
        if not rung.objective.foreign or series in written:
            continue
        written.add(series)
        step = declared_feed.step_of(rung.window, interval)
        desk = Desk(service, step)
        found = (
            declared_value_cases.value_cases(rung, desk)
            if isinstance(rung, Comparison)
            else declared_share_cases.share_cases(rung, desk)
        )
        yield f"{rung.objective.name}.recorded.{series.partition(':')[2].replace(':', '.')}", step, list(found)
    for twin in plan.twins:
        step = steps.of(twin.hold, interval)
        cases = twin_cases.twin_cases(plan, twin, build.twin_alert(plan, twin), Desk(service, step))
        yield f"{twin.objective.name}.absent", step, list(cases)
        if step != interval:
            last = steps.just_before(twin.hold, interval)
            late = twin_cases.just_before(plan, twin, Desk(service, last))
            yield f"{twin.objective.name}.absent.late.{duration_text(last)}", last, list(late)


def _cases(plan: Plan, rung: Rung, ladder: list[Rung], desk: Desk, *, late: bool = False) -> list[Case]:
    """Of one step of a ladder; `late`: those of the evaluation before its `for` is over."""
    objective = ladder[0].objective
    others = tuple(sorted({other.alert for other in plan.objectives.objectives} - {objective.alert}))
    alike = [other for other in ladder if other.limit.scope == rung.limit.scope]
    about = replace(desk, extractor=_spoken_of(rung, desk.extractor))
    match rung:
        case Judgement():
            judgements = tuple(other for other in alike if isinstance(other, Judgement))
            alerts = {str(other.limit.severity): build.judgement_alert(plan, other) for other in judgements}
            shares = ShareCases(about, judgements, alerts)
            return list(shares.just_before(rung) if late else shares.of(rung))
        case Comparison():
            comparisons = tuple(other for other in alike if isinstance(other, Comparison))
            alerts = {str(other.limit.severity): build.comparison_alert(plan, other) for other in comparisons}
            bounds = BoundCases(about, comparisons, alerts)
            return list(bounds.just_before(rung) if late else bounds.of(rung))
        case Watch():
            watches = tuple(other for other in alike if isinstance(other, Watch))
            alerts = {str(other.limit.severity): build.watch_alert(plan, other) for other in watches}
            presences = PresenceCases(about, watches, alerts, others)
            return list(presences.just_before(rung) if late else presences.of(rung))


def _spoken_of(rung: Rung, extractor: str) -> str:
    """An extractor that this step judges."""
    scope = rung.limit.scope
    if scope.only:
        return scope.only[0]
    while not scope.holds(extractor):
        extractor = f"another-{extractor}"
    return extractor


def _step(plan: Plan, rung: Rung) -> float:
    """Seconds between evaluations in the tests of this step of a ladder."""
    if rung.objective.keep:  # its end is as exact as its beginning
        return plan.timing.evaluation_interval
    window = 0.0 if isinstance(rung, Comparison) else rung.window  # which is told its value
    return steps.of(rung.hold, plan.timing.evaluation_interval, window)


def _windows(plan: Plan) -> set[float]:
    watched = {watch.window for watch in plan.watches if watch.objective.of == "events"}
    return (
        watched
        | {plan.show_window}
        | {judgement.window for judgement in plan.judgements if not judgement.objective.foreign}
    )


def _alerts(groups: tuple[Group, ...]) -> Iterator[Alert]:
    return (alert for group in groups for alert in group.alerts)


def _file(groups: tuple[Group, ...], step: float, cases: list[Case]) -> Case:
    """With the groups that the cases look at and what those read, and no others: they would only take time."""
    needed = dependencies.upstream(groups, dependencies.looked_at({"tests": cases}))
    groups = tuple(group for group in groups if any(rule.name in needed for rule in group.rules))
    return {
        "rule_files": [f"../{group.name}.rules.yaml" for group in groups],
        "evaluation_interval": duration_text(step),
        "group_eval_order": [group.name for group in groups],
        "fuzzy_compare": True,
        "tests": cases,
    }


def _chain(groups: tuple[Group, ...], chained: Group, cases: list[tuple[float, Case]]) -> Iterator[tuple[str, Case]]:
    """By step, those that need the chain's own rules alone, and those that need others, which take longer."""
    files: dict[tuple[str, float], list[Case]] = {}
    for step, case in cases:
        alone = len(_file(groups, step, [case])["rule_files"]) == 1
        name = chain.GROUP if alone else f"{chain.GROUP}.beside"
        files.setdefault((name, step), []).append(case)
    for (name, step), some in files.items():
        file = name if step == chained.interval else f"{name}.{duration_text(step)}"
        yield f"{file}.test.yaml", _file(groups, step, some)


def _watchdog(plan: Plan, groups: tuple[Group, ...]) -> Case:
    [alert] = [alert for alert in _alerts(groups) if alert.name == build.WATCHDOG]
    desk = Desk(plan.objectives.service, plan.timing.evaluation_interval)
    firing = [{"exp_labels": alert.labels, "exp_annotations": alert.annotations}]
    return desk.case(
        f"{alert.name} fires from the first evaluation, without any data", [], [desk.look(0, alert.name, firing)]
    )
