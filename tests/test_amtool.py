from __future__ import annotations

from pathlib import Path

import pytest
from tests import routing

from featurewatch.amtool import Amtool, AmtoolError
from featurewatch.rules.plan import plan
from featurewatch.tools.toolbox import Tools

MINIMAL = "route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n"


def _script(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "amtool"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def _config(tmp_path: Path, text: str = MINIMAL) -> Path:
    path = tmp_path / "alertmanager.yaml"
    path.write_text(text)
    return path


def test_the_generated_configuration_is_accepted_with_its_templates(tools: Tools, tmp_path: Path) -> None:
    config = routing.write_configuration(tmp_path, plan(routing.declared()))
    verdict = Amtool(tools.amtool.path).check_config(config)
    assert verdict.faults == ()
    assert "1 templates" in verdict.output


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("route:\n  receiver: somebody\nreceivers:\n  - name: nobody\n", "undefined receiver"),
        (f"{MINIMAL}nonsense: 1\n", "field nonsense not found"),
        ("route: [", "did not find expected"),
    ],
)
def test_a_refused_configuration_is_told_with_what_is_wrong(
    tools: Tools, tmp_path: Path, text: str, complaint: str
) -> None:
    config = _config(tmp_path, text)
    (fault,) = Amtool(tools.amtool.path).check_config(config).faults
    assert fault.file == str(config)
    assert complaint in fault.what


def test_a_broken_template_is_a_fault(tools: Tools, tmp_path: Path) -> None:
    config = routing.write_configuration(tmp_path, plan(routing.declared()))
    (tmp_path / "templates/broken.tmpl").write_text('{{ define "x" }}{{ if }}{{ end }}')
    (fault,) = Amtool(tools.amtool.path).check_config(config).faults
    assert "broken.tmpl" in fault.what


def test_settings_that_crash_amtool_are_reported_as_that(tools: Tools, tmp_path: Path) -> None:
    crashing = MINIMAL + "global:\n  slack_api_url_file: x\n  slack_app_token: xoxb-1\n"
    with pytest.raises(AmtoolError, match=r"amtool check-config: crashed \(panic: runtime error: [^\n]+\);"):
        Amtool(tools.amtool.path).check_config(_config(tmp_path, crashing))


def test_a_missing_binary_is_named(tmp_path: Path) -> None:
    with pytest.raises(AmtoolError, match=r"nowhere is not there; run `make tools`"):
        Amtool(tmp_path / "nowhere").check_config(_config(tmp_path))


def test_a_missing_folder_is_not_taken_for_a_missing_binary(tools: Tools, tmp_path: Path) -> None:
    with pytest.raises(AmtoolError, match="lost is not there"):
        Amtool(tools.amtool.path).check_config(tmp_path / "lost/alertmanager.yaml")


def test_a_binary_that_may_not_be_executed_is_named(tmp_path: Path) -> None:
    path = _script(tmp_path, "true")
    path.chmod(0o644)
    with pytest.raises(AmtoolError, match="may not be executed"):
        Amtool(path).check_config(_config(tmp_path))


def test_one_that_hangs_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(AmtoolError, match=r"no answer within 0\.2 s"):
        Amtool(_script(tmp_path, "exec sleep 60"), timeout=0.2).check_config(_config(tmp_path))


def test_one_that_is_killed_is_told(tmp_path: Path) -> None:
    with pytest.raises(AmtoolError, match="killed by signal 9"):
        Amtool(_script(tmp_path, "kill -9 $$")).check_config(_config(tmp_path))


def test_a_route_in_a_configuration_that_cannot_be_read_is_an_error_not_an_answer(tools: Tools, tmp_path: Path) -> None:
    with pytest.raises(AmtoolError, match=r"^amtool config routes test: amtool: error: yaml: unmarshal"):
        Amtool(tools.amtool.path).route(_config(tmp_path, "- nothing\n"), {"severity": "high"}, ["high"])
