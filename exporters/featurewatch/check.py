"""Everything that can be checked without running it: one list of steps, each a name and what it finds."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from featurewatch import generate, staging
from featurewatch.amtool import Amtool
from featurewatch.dashboards.check.checks import check as check_dashboards
from featurewatch.dashboards.generate import generate as generate_dashboards
from featurewatch.faults import Fault
from featurewatch.project import Project
from featurewatch.promtool import Promtool
from featurewatch.routes import secrets, table
from featurewatch.rules.build import groups
from featurewatch.rules.plan import Plan

ROUTES = "alertmanager/tests/routes.yaml"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to look at."""

    name: str
    find: Callable[[], Sequence[Fault]]


@dataclass(frozen=True, slots=True)
class Binaries:
    """The tools that know better than we do."""

    promtool: Promtool
    amtool: Amtool


def steps(project: Project, plan: Plan, binaries: Binaries) -> Iterator[Step]:
    """All steps, cheap ones first."""
    root = project.root
    built = groups(plan)
    alerts = {(alert.name, alert.labels["severity"]) for group in built for alert in group.alerts}
    rules = sorted((root / "rules").glob("*.rules.yaml"))
    tests = sorted((root / "rules" / "tests").rglob("*.test.yaml"))
    yield Step("generated files are fresh", lambda: generate.differences(root, generate.generate(plan, root)))
    yield Step("secrets", lambda: secrets.check(plan.objectives.notify, project.secrets).faults)
    yield Step("rules parse", lambda: binaries.promtool.check_rules(rules).faults)
    yield Step("rules do what their tests say", lambda: binaries.promtool.test_rules(tests).faults)
    yield Step("every alert has a routing test", lambda: table.uncovered(table.load(root / ROUTES), alerts))
    yield Step("Prometheus and Alertmanager accept the whole", lambda: _accepted(project, plan, binaries))
    yield Step("dashboards", lambda: _dashboards(root, plan))


def configuration_checks(project: Project, plan: Plan, binaries: Binaries) -> tuple[staging.Check, ...]:
    """What must hold of a staged configuration before it is put in place."""
    return (
        lambda _: secrets.check(plan.objectives.notify, project.secrets).faults,
        lambda staged: binaries.promtool.check_config(staged / "prometheus/prometheus.yaml").faults,
        lambda staged: binaries.amtool.check_config(staged / "alertmanager/alertmanager.yaml").faults,
    )


def _dashboards(root: Path, plan: Plan) -> list[Fault]:
    return [finding.fault() for finding in check_dashboards(generate_dashboards(plan, root / "dashboards"), plan)]


def _accepted(project: Project, plan: Plan, binaries: Binaries) -> list[Fault]:
    """The configuration as a native run would have it, and the routing table against it."""
    with tempfile.TemporaryDirectory(prefix="featurewatch-check-") as folder:
        staged = Path(folder) / "staged"
        staging.stage(project.root, project.secrets, staging.Addresses({}), staged, ())
        config = staged / "alertmanager/alertmanager.yaml"
        return [
            *(fault for check in configuration_checks(project, plan, binaries)[1:] for fault in check(staged)),
            *table.run(table.load(project.root / ROUTES), config, binaries.amtool),
        ]
