"""What tests of every part share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from tests import objectives_sample, rules_sample

from featurewatch.rules import promtool_tests
from featurewatch.rules.build import groups
from featurewatch.rules.cases import Case
from featurewatch.rules.model import Group
from featurewatch.rules.plan import Plan
from featurewatch.tools import toolbox
from featurewatch.tools.alertmanager import Launch, alertmanager_command
from featurewatch.tools.errors import ToolError
from featurewatch.tools.toolbox import Tools

# Ray has to be started by the test that wants it: a thread left over from one would start another in the background.
os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")

CHECKOUT = Path(__file__).resolve().parent.parent

# CI judges a change by the same examples each time; a person's run looks for new ones.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture(scope="session")
def tools() -> Tools:
    """The real binaries, fetched once for all workers and runs into FEATUREWATCH_TOOLS_DIR or .featurewatch/tools.

    Without them (no network, say) a test is skipped, but fails where CI is set.
    """
    folder = Path(os.environ.get("FEATUREWATCH_TOOLS_DIR") or CHECKOUT / ".featurewatch/tools")
    try:
        return toolbox.provide(folder)
    except ToolError as fault:
        if os.environ.get("CI"):
            pytest.fail(str(fault), pytrace=False)
        pytest.skip(str(fault))


@pytest.fixture(scope="session")
def alertmanager_launch(tools: Tools) -> Launch:
    """How to start the real Alertmanager here: append its arguments to `argv`, start it in `cwd`."""
    return alertmanager_command(tools.alertmanager.path, tools.folder / "altered")


@pytest.fixture
def sample(tmp_path: Path) -> Plan:
    """What the compiler decides for the sample objectives."""
    return rules_sample.planned(tmp_path, objectives_sample.TEXT)


@pytest.fixture
def built(sample: Plan) -> tuple[Group, ...]:
    """The rules that it writes for them."""
    return groups(sample)


@pytest.fixture
def tests(sample: Plan, built: tuple[Group, ...]) -> dict[str, Case]:
    """And the tests of those: file name to content."""
    return promtool_tests.test_files(sample, built)
