"""What docker-compose.yml is told of objectives.yaml."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from tests.objectives_sample import TEXT

from featurewatch import compose
from featurewatch.objectives import load
from featurewatch.objectives.model import Notify
from featurewatch.rules.plan import Plan, plan


@pytest.fixture
def planned(tmp_path: Path) -> Plan:
    path = tmp_path / "objectives.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return plan(load(path))


def test_the_figures_stand_one_a_line_below_where_they_come_from(planned: Plan) -> None:
    header, *lines = compose.env_file(planned).splitlines()
    assert "make generate" in header
    assert lines[:3] == [
        'FEATUREWATCH_RETENTION="5w"',
        f'FEATUREWATCH_RESEND_DELAY="{planned.timing.resend_delay:g}s"',
        f'FEATUREWATCH_MAINTENANCE_INTERVAL="{planned.timing.maintenance_interval:g}s"',
    ]


def test_the_inbox_knows_the_secrets_that_alertmanager_sends(planned: Plan) -> None:
    arguments = compose.inbox_arguments(planned.objectives.notify, PurePosixPath("/s"))
    pairs = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert pairs == {
        "--pagerduty-key-file": "/s/pagerduty_routing_key",
        "--slack-url-file": "/s/slack_api_url",
        "--slack-channel": "feature-alerts",
        "--smtp-user": "featurewatch",
        "--smtp-password-file": "/s/smtp_password",
    }


def test_a_channel_that_is_not_set_up_asks_for_nothing(planned: Plan) -> None:
    assert compose.inbox_arguments(Notify()) == ()
    email = planned.objectives.notify.email
    assert email is not None
    without_login = Notify(email=replace(email, username=None, password_file=None))
    assert compose.inbox_arguments(without_login) == ()
