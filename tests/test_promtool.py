"""promtool's verdicts as values; a promtool that cannot work as an error that says what to do."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest

from featurewatch.promtool import Promtool, PromtoolError
from featurewatch.tools.toolbox import Tools

RULES = """\
groups:
  - name: example
    rules:
      - record: a:b
        expr: sum(b)
      - alert: Bad
        expr: a:b > 1
"""
TEST = """\
rule_files: [good.rules.yaml]
evaluation_interval: 10s
tests:
  - name: it 'fires' "late"
    interval: 10s
    input_series: [{series: b, values: 1+1x10}]
    alert_rule_test:
      - {eval_time: 10s, alertname: Bad, exp_alerts: []}
    promql_expr_test:
      - expr: a:b + 0
        eval_time: 110s
        exp_samples: [{labels: '{}', value: 3.5}]
"""


@pytest.fixture
def promtool(tools: Tools) -> Promtool:
    return Promtool(tools.promtool.path)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "good.rules.yaml"
    file.write_text(RULES, encoding="utf-8")
    return file


def script(folder: Path, body: str) -> Path:
    """A binary that does something else than promtool."""
    file = folder / "promtool"
    file.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    file.chmod(0o755)
    return file


def test_good_rules_have_no_faults(promtool: Promtool, rules: Path) -> None:
    verdict = promtool.check_rules([rules])

    assert verdict.faults == ()
    assert "2 rules found" in verdict.output


def test_an_expression_that_does_not_parse_is_a_fault_at_its_line(promtool: Promtool, rules: Path) -> None:
    rules.write_text(RULES.replace("sum(b)", "sum(b))"), encoding="utf-8")

    [fault] = promtool.check_rules([rules]).faults

    assert (fault.file, fault.line) == (str(rules), 5)
    assert "unexpected right parenthesis" in fault.what


def test_an_unknown_field_is_a_fault_at_its_line(promtool: Promtool, rules: Path) -> None:
    rules.write_text(RULES.replace("alert: Bad", "alarm: Bad"), encoding="utf-8")

    assert (str(rules), 6) in [(fault.file, fault.line) for fault in promtool.check_rules([rules]).faults]


def test_a_template_that_does_not_parse_is_a_fault_of_its_file(promtool: Promtool, rules: Path) -> None:
    rules.write_text(RULES + "        annotations: {summary: '{{ $nothing }}'}\n", encoding="utf-8")

    [fault] = promtool.check_rules([rules]).faults

    assert fault.file == str(rules)
    assert "undefined variable" in fault.what


def test_the_same_rule_twice_is_a_fault(promtool: Promtool, rules: Path) -> None:
    rules.write_text(RULES + "      - record: a:b\n        expr: sum(b)\n", encoding="utf-8")

    [fault] = promtool.check_rules([rules]).faults

    assert fault.file == str(rules)
    assert "duplicate rule" in fault.what
    assert "a:b" in fault.what


def test_each_file_keeps_its_own_faults(promtool: Promtool, rules: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.rules.yaml"
    other.write_text("groups: [", encoding="utf-8")

    faults = promtool.check_rules([rules, other]).faults

    assert {fault.file for fault in faults} == {str(other)}
    assert {fault.line for fault in faults} == {1}


def test_a_failed_test_is_a_fault_at_its_name_and_a_wrong_value_at_its_expression(
    promtool: Promtool, rules: Path, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.test.yaml", tmp_path / "bad.test.yaml"
    good.write_text(TEST.replace("exp_alerts: []", "exp_alerts: [{}]").replace("3.5", "11"), encoding="utf-8")
    bad.write_text(TEST, encoding="utf-8")

    alert, value = promtool.test_rules([good, bad]).faults

    assert (alert.file, alert.line) == (str(bad), 4)
    assert "alertname: Bad, time: 10s" in alert.what
    assert (value.file, value.line) == (str(bad), 10)
    assert "3.5" in value.what
    assert "1.1E+01" in value.what


def test_a_test_file_that_is_no_yaml_is_a_fault_at_its_line(promtool: Promtool, tmp_path: Path) -> None:
    file = tmp_path / "x.test.yaml"
    file.write_text("rule_files: []\ntests: [\n", encoding="utf-8")

    [fault] = promtool.test_rules([file]).faults

    assert fault.file == str(file)
    assert fault.line >= 2


def test_a_configuration_is_checked_with_the_rules_it_names(
    promtool: Promtool, rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules.write_text(RULES.replace("sum(b)", "sum("), encoding="utf-8")
    (tmp_path / "prometheus.yaml").write_text("rule_files: [good.rules.yaml]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path.parent)

    [fault] = promtool.check_config(Path(tmp_path.name) / "prometheus.yaml").faults

    assert fault.file.endswith("good.rules.yaml")
    assert fault.line == 5


def test_an_unknown_key_of_a_configuration_is_a_fault_at_its_line(promtool: Promtool, tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yaml"
    file.write_text("scrape_configs:\n  - job_nam: x\n", encoding="utf-8")

    [fault] = promtool.check_config(file).faults

    assert (fault.file, fault.line) == (str(file), 2)


def test_an_exposition_is_checked_for_the_conventions(promtool: Promtool) -> None:
    assert promtool.check_metrics("# HELP a_total All of them.\n# TYPE a_total counter\na_total 1\n").faults == ()

    [fault] = promtool.check_metrics("# HELP b Some.\n# TYPE b gauge\nb 1\n# TYPE a_total counter\na_total 1\n").faults
    assert "no help text" in fault.what
    assert fault.line == 4


def test_an_exposition_that_does_not_parse_is_a_fault_at_its_line(promtool: Promtool) -> None:
    [fault] = promtool.check_metrics("# HELP b Some.\n# TYPE b gauge\nb{ 1\n").faults

    assert fault.line == 3
    assert "label name" in fault.what


def test_samples_become_blocks_that_are_listed(promtool: Promtool, tmp_path: Path) -> None:
    samples = tmp_path / "samples.om"
    samples.write_text("# TYPE a counter\na_total 1 1700000000\na_total 2 1700000060\n# EOF\n", encoding="utf-8")

    assert promtool.tsdb_create(samples, tmp_path / "data").faults == ()
    [block] = promtool.tsdb_list(tmp_path / "data")
    assert (block.samples, block.series, block.begin) == (2, 1, 1700000000)


def test_samples_that_do_not_parse_are_a_fault_at_their_line(promtool: Promtool, tmp_path: Path) -> None:
    samples = tmp_path / "samples.om"
    samples.write_text("# TYPE a counter\na_total 1 1700000000\nb{ 1 x\n# EOF\n", encoding="utf-8")

    [fault] = promtool.tsdb_create(samples, tmp_path / "data").faults
    assert (fault.file, fault.line) == (str(samples), 3)


def test_a_folder_without_data_is_named(promtool: Promtool, tmp_path: Path) -> None:
    with pytest.raises(PromtoolError, match=r"nothing: .*no such file"):
        promtool.tsdb_list(tmp_path / "nothing")


def test_the_real_one_is_new_enough(promtool: Promtool) -> None:
    promtool.require()


def test_one_that_is_too_old_says_which_is_needed(tmp_path: Path) -> None:
    old = script(tmp_path, "echo 'promtool, version 2.53.0 (branch: HEAD)'")

    with pytest.raises(
        PromtoolError, match=r"too old, 2\.53\.0; featurewatch needs 3\.5\.0 or newer; run `make tools`"
    ):
        Promtool(old).require()


def test_a_program_of_the_same_name_is_no_promtool(tmp_path: Path) -> None:
    with pytest.raises(PromtoolError, match="is no promtool"):
        Promtool(script(tmp_path, "echo hello")).version()


def test_a_file_that_is_not_there_is_a_fault(promtool: Promtool, tmp_path: Path) -> None:
    [fault] = promtool.check_rules([tmp_path / "none.yaml"]).faults

    assert "does not exist" in fault.what


def test_a_missing_binary_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(PromtoolError, match=r"promtool is not there; run `make tools`"):
        Promtool(tmp_path / "promtool").check_rules([])


def test_a_file_that_may_not_be_executed_says_so(tmp_path: Path) -> None:
    (tmp_path / "promtool").write_text("", encoding="utf-8")

    with pytest.raises(PromtoolError, match="may not be executed"):
        Promtool(tmp_path / "promtool").test_rules([])


def test_a_file_that_is_no_program_says_so(tmp_path: Path) -> None:
    binary = tmp_path / "promtool"
    binary.write_bytes(b"\x7fELF nothing")
    binary.chmod(0o755)

    with pytest.raises(PromtoolError, match="cannot be run"):
        Promtool(binary).test_rules([])


def test_a_hanging_binary_is_stopped_with_what_it_started(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    binary = script(tmp_path, f"sleep 600 & echo $! > {pid_file}; wait")
    began = time.monotonic()

    with pytest.raises(PromtoolError, match=r"no answer within 0\.5 s; it was stopped"):
        Promtool(binary, timeout=0.5).check_rules([])

    assert time.monotonic() - began < 10
    assert gone(int(pid_file.read_text()))


def test_a_killed_binary_is_told_from_one_that_found_a_fault(tmp_path: Path) -> None:
    with pytest.raises(PromtoolError, match="killed by SIGKILL"):
        Promtool(script(tmp_path, "kill -9 $$")).check_rules([])


def test_output_that_is_no_text_does_not_break_the_report(tmp_path: Path) -> None:
    [fault] = Promtool(script(tmp_path, r"printf '\377 oops\n'; exit 1")).check_rules([Path("a.yaml")]).faults

    assert "oops" in fault.what


def gone(pid: int) -> bool:
    """Whether the process has ended, within a few seconds; a zombie has."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except (ProcessLookupError, psutil.NoSuchProcess):
            return True
        time.sleep(0.02)
    return False
