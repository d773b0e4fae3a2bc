from __future__ import annotations

from pathlib import Path

import pytest
from tests import routing

from featurewatch.routes import settings
from featurewatch.rules.plan import plan

HOOK = "secrets/slack_api_url"


def _found(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "alertmanager.yaml"
    file.write_text(text)
    return [fault.what for fault in settings.check(file)]


def test_the_generated_configuration_has_no_such_setting(tmp_path: Path) -> None:
    assert settings.check(routing.write_configuration(tmp_path, plan(routing.declared()))) == ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("receivers: [{name: a, slack_configs: [{update_message: true}]}]", "without a bot token"),
        (
            "receivers: [{name: a, slack_configs: [{update_message: true, app_token_file: t, api_url_file: x}]}]",
            "to another address than",
        ),
        ("global: {slack_api_url_file: x, slack_app_token: y}", "with which amtool crashes"),
        ("receivers: [{name: a, pagerduty_configs: [{severity: high}]}]", "severity 'high'"),
        ("receivers: [{name: a, pagerduty_configs: [{severity: '{{ .x }}'}]}]", "from another template"),
    ],
)
def test_what_amtool_would_not_tell_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    (what,) = _found(tmp_path, text)
    assert complaint in what


@pytest.mark.parametrize(
    "text",
    [
        "receivers: [{name: a, slack_configs: [{update_message: true, app_token_file: t}]}]",
        "{global: {slack_app_token_file: t}, receivers: [{name: a, slack_configs: [{update_message: true}]}]}",
        "receivers: [{name: a, pagerduty_configs: [{severity: warning}, {}]}]",
        "[]",
    ],
)
def test_what_works_is_left_alone(tmp_path: Path, text: str) -> None:
    assert _found(tmp_path, text) == []
