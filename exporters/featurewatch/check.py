"""Everything that can be checked without running it: one list of steps, each a name and what it finds."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from featurewatch import generate, staging
from featurewatch.amtool import Amtool
from featurewatch.dashboards.check import answered
from featurewatch.dashboards.check.checks import check as check_dashboards
from featurewatch.dashboards.check.planted import FILE as PLANTED
from featurewatch.dashboards.check.planted import plant_all
from featurewatch.faults import Failure, Fault, Faulty, Verdict
from featurewatch.generate import Made
from featurewatch.lint import live, own
from featurewatch.lint.source import read
from featurewatch.project import Project
from featurewatch.promtool import Promtool
from featurewatch.routes import made_table, secrets, settings, table
from featurewatch.rules import coverage, runbooks
from featurewatch.rules.plan import Plan

ROUTES = "alertmanager/tests/routes.yaml"


@dataclass(frozen=True, slots=True)
class Found:
    """What a step found. Faults fail the check; warnings are only told."""

    faults: Sequence[Fault]
    warnings: Sequence[Fault] = ()
    told: str = ""
    """What is worth saying although nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to look at."""

    name: str
    find: Callable[[], Found]
    help: str = "`make tools` lists the binaries that are used"
    """What to look at when it cannot be taken."""


@dataclass(frozen=True, slots=True)
class Result:
    """A step after it was looked at."""

    name: str
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    seconds: float
    told: str = ""


@dataclass(frozen=True, slots=True)
class Binaries:
    """The tools that know better than we do."""

    promtool: Promtool
    amtool: Amtool


def look(step: Step, clock: Callable[[], float] = time.monotonic) -> Result:
    """Take one step. A tool that cannot say whether something is right is a fault, too, and the other steps go on."""
    began = clock()
    try:
        found = step.find()
    except Faulty as error:
        found = Found(error.faults)
    except Failure as error:
        found = Found([Fault(step.name, 0, 0, str(error), step.help)])
    return Result(step.name, tuple(found.faults), tuple(found.warnings), clock() - began, found.told)


def steps(project: Project, made: Made, binaries: Binaries) -> Iterator[Step]:
    """All steps, cheap ones first."""
    root, plan = project.root, made.plan
    yield Step("generated files are fresh", lambda: _fresh(made))
    yield Step("secrets", lambda: _secrets(project, plan))
    yield Step("rules parse", lambda: _rules(root, "rules", "*.rules.yaml", binaries.promtool.check_rules))
    yield Step("every rule has a test", lambda: _coverage(made))
    yield Step("rules do what their tests say", lambda: _tested(made, binaries))
    yield Step("rules are free of known mistakes", lambda: _linted(root, plan))
    yield Step("every alert has a runbook", lambda: Found(runbooks.faults(root, plan), runbooks.unwritten(root)))
    yield Step("every alert has a routing test", lambda: Found(table.uncovered(_routes(root), _alerts(made))))
    yield Step("Prometheus and Alertmanager accept the whole", lambda: _accepted(project, plan, binaries))
    yield Step("dashboards", lambda: _dashboards(made))


def self_check(made: Made) -> Step:
    """Are the checks of dashboards worth their word? What is wrong here is wrong with them, not with the project."""
    return Step("mistakes planted in the dashboards", lambda: _planted(made))


def live_steps(project: Project, made: Made, prometheus: str, client: httpx.Client) -> Iterator[Step]:
    """What only a Prometheus that runs, under traffic, can tell."""
    running = "`make status` says what runs where"
    yield Step("the dashboards' queries are answered", lambda: _answered(made, prometheus, client), running)
    yield Step("the rules' series were seen", lambda: _seen(project.root, prometheus, client), running)


def configuration_checks(project: Project, plan: Plan, binaries: Binaries) -> tuple[staging.Check, ...]:
    """What must hold of a staged configuration before it is put in place."""
    secure = tuple(
        lambda staged, place=place: binaries.promtool.check_web_config(staged / place).faults
        for place in (staging.WEB if plan.objectives.tls is not None else ())
    )
    return (lambda _: _secrets(project, plan).faults, *secure, *_acceptance(binaries))


def _acceptance(binaries: Binaries, *, alone: bool = False) -> tuple[staging.Check, ...]:
    """`alone`: where the files that the configuration names are not there."""
    return (
        lambda staged: binaries.promtool.check_config(staged / "prometheus/prometheus.yaml", alone=alone).faults,
        # Ours first: amtool accepts some settings with which nothing would arrive, and dies on others.
        lambda staged: (
            settings.check(staged / staging.ALERTMANAGER)
            or binaries.amtool.check_config(staged / staging.ALERTMANAGER).faults
        ),
    )


def _routes(root: Path) -> table.Table:
    """What people wrote, and a row for each alert that objectives.yaml makes."""
    written = table.load(root / ROUTES)
    made = root / made_table.PATH
    return table.Table(written.file, (*written.rows, *(table.load(made).rows if made.exists() else ())))


def _fresh(made: Made) -> Found:
    found = len(made.plan.objectives.objectives)
    return Found(generate.differences(made.root, made.files), told=f"{found} objectives, {len(made.files)} files")


def _coverage(made: Made) -> Found:
    found = coverage.coverage(made.groups, made.tests.values())
    return Found(found.untested, told=str(found))


def _alerts(made: Made) -> set[tuple[str, str]]:
    return {(alert.name, alert.labels["severity"]) for group in made.groups for alert in group.alerts}


def _secrets(project: Project, plan: Plan) -> Found:
    checked = secrets.check(plan.objectives.notify, project.secrets, plan.objectives.handling)
    return Found(checked.faults, checked.warnings)


def _rules(root: Path, folder: str, pattern: str, ask: Callable[[Sequence[Path]], Verdict]) -> Found:
    """Ask promtool about the files; without any, it would find nothing wrong with nothing."""
    files = sorted((root / folder).rglob(pattern))
    if not files:
        return Found([Fault(folder, 0, 0, f"holds no {pattern}", "run `make generate`")])
    return Found(ask(files).faults, told=f"{len(files)} files")


def _tested(made: Made, binaries: Binaries) -> Found:
    found = _rules(made.root, "rules/tests", "*.test.yaml", binaries.promtool.test_rules)
    cases = sum(len(content["tests"]) for content in made.tests.values())
    stories = len(list((made.root / "rules/tests/stories").glob("*.test.yaml")))
    return replace(found, told=f"{cases} generated cases, {stories} files of stories")


def _linted(root: Path, plan: Plan) -> Found:
    findings = own.findings(root, plan)
    return Found(
        [finding.fault() for finding in findings if finding.severity == "error"],
        [finding.fault() for finding in findings if finding.severity == "warning"],
    )


def _dashboards(made: Made) -> Found:
    """An error shows something false, or nothing; a warning is told."""
    findings = check_dashboards(made.dashboards, made.plan)
    return Found(
        [finding.fault() for finding in findings if finding.severity == "error"],
        [finding.fault() for finding in findings if finding.severity == "warning"],
    )


def _answered(made: Made, prometheus: str, client: httpx.Client) -> Found:
    found = answered.ask(made.dashboards, prometheus, client)
    return Found([finding.fault() for finding in found.findings], told=str(found))


def _seen(root: Path, prometheus: str, client: httpx.Client) -> Found:
    """As `featurewatch lint --live`: a series may rightly be unseen, so this only warns."""
    texts = read(own.rule_files(root), root)
    findings = live.check(texts.rules, live.Server(prometheus, client), time.time())
    return Found([], [finding.fault() for finding in findings])


def _planted(made: Made) -> Found:
    """A checker that finds nothing is only worth something if it finds what is wrong."""
    outcomes = [one for one in plant_all(made.dashboards, made.plan) if one.planted]
    missed = [one.mistake for one in outcomes if one.finding is None]
    remedy = "mend featurewatch.dashboards.check, or the words in planted.yaml"
    faults = [Fault(PLANTED, 0, 0, f"{mistake.kind}: planted and not found", remedy) for mistake in missed]
    return Found(faults, told=f"{len(outcomes) - len(missed)} of {len(outcomes)} caught")


def _accepted(project: Project, plan: Plan, binaries: Binaries) -> Found:
    """The configuration as a native run would have it, and the routing table against it. No secret is copied."""
    routes, tls = _routes(project.root), plan.objectives.tls is not None
    checks = (
        *_acceptance(binaries, alone=tls),
        lambda staged: table.run(routes, staged / staging.ALERTMANAGER, binaries.amtool),
    )
    with tempfile.TemporaryDirectory(prefix="featurewatch-check-") as folder:
        nothing = staging.Addresses({})
        staging.stage(project.root, Path(folder) / "no secrets", nothing, Path(folder) / "staged", checks, tls=tls)
    return Found(())
