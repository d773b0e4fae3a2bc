"""Everything that can be checked without running it: one list of steps, each a name and what it finds."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from featurewatch import generate, staging
from featurewatch.amtool import Amtool
from featurewatch.dashboards.check.checks import check as check_dashboards
from featurewatch.dashboards.check.planted import FILE as PLANTED
from featurewatch.dashboards.check.planted import plant_all
from featurewatch.dashboards.generate import generate as generate_dashboards
from featurewatch.faults import Failure, Fault, Faulty, Verdict
from featurewatch.lint import own
from featurewatch.project import Project
from featurewatch.promtool import Promtool
from featurewatch.routes import made_table, secrets, settings, table
from featurewatch.rules import coverage, promtool_tests, runbooks
from featurewatch.rules.build import groups
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
        found = Found([Fault(step.name, 0, 0, str(error), "`make tools` lists the binaries that are used")])
    return Result(step.name, tuple(found.faults), tuple(found.warnings), clock() - began, found.told)


def steps(project: Project, plan: Plan, binaries: Binaries) -> Iterator[Step]:
    """All steps, cheap ones first."""
    root = project.root
    yield Step("generated files are fresh", lambda: Found(generate.differences(root, generate.generate(plan, root))))
    yield Step("secrets", lambda: _secrets(project, plan))
    yield Step("rules parse", lambda: _rules(root, "rules", "*.rules.yaml", binaries.promtool.check_rules))
    yield Step(
        "rules do what their tests say",
        lambda: _rules(root, "rules/tests", "*.test.yaml", binaries.promtool.test_rules),
    )
    yield Step("rules are free of known mistakes", lambda: _linted(root, plan))
    yield Step("every rule has a test", lambda: Found(_coverage(plan)))
    yield Step("every alert has a runbook", lambda: Found(runbooks.faults(root, plan), runbooks.unwritten(root)))
    yield Step("every alert has a routing test", lambda: Found(table.uncovered(_routes(root), _alerts(plan))))
    yield Step("Prometheus and Alertmanager accept the whole", lambda: _accepted(project, plan, binaries))
    yield Step("dashboards", lambda: _dashboards(root, plan))


def self_check(project: Project, plan: Plan) -> Step:
    """Are the checks of dashboards worth their word? What is wrong here is wrong with them, not with the project."""
    return Step("mistakes planted in the dashboards", lambda: _planted(project.root, plan))


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


def _coverage(plan: Plan) -> Sequence[Fault]:
    built = groups(plan)
    return coverage.coverage(built, promtool_tests.test_files(plan, built).values()).untested


def _alerts(plan: Plan) -> set[tuple[str, str]]:
    return {(alert.name, alert.labels["severity"]) for group in groups(plan) for alert in group.alerts}


def _secrets(project: Project, plan: Plan) -> Found:
    checked = secrets.check(plan.objectives.notify, project.secrets, plan.objectives.handling)
    return Found(checked.faults, checked.warnings)


def _rules(root: Path, folder: str, pattern: str, ask: Callable[[Sequence[Path]], Verdict]) -> Found:
    """Ask promtool about the files; without any, it would find nothing wrong with nothing."""
    files = sorted((root / folder).rglob(pattern))
    if not files:
        return Found([Fault(folder, 0, 0, f"holds no {pattern}", "run `make generate`")])
    return Found(ask(files).faults)


def _linted(root: Path, plan: Plan) -> Found:
    findings = own.findings(root, plan)
    return Found(
        [finding.fault() for finding in findings if finding.severity == "error"],
        [finding.fault() for finding in findings if finding.severity == "warning"],
    )


def _dashboards(root: Path, plan: Plan) -> Found:
    """An error shows something false, or nothing; a warning is told."""
    findings = check_dashboards(generate_dashboards(plan, root / "dashboards"), plan)
    return Found(
        [finding.fault() for finding in findings if finding.severity == "error"],
        [finding.fault() for finding in findings if finding.severity == "warning"],
    )


def _planted(root: Path, plan: Plan) -> Found:
    """A checker that finds nothing is only worth something if it finds what is wrong."""
    outcomes = [one for one in plant_all(generate_dashboards(plan, root / "dashboards"), plan) if one.planted]
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
