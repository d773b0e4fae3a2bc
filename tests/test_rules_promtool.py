"""The real promtool accepts what the compiler writes, and the rules do what the generated tests say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests import objectives_sample, rules_sample

from featurewatch.objectives.units import seconds
from featurewatch.promtool import Promtool
from featurewatch.rules import promtool_tests
from featurewatch.rules.build import groups
from featurewatch.tools.toolbox import Tools

STORIES = Path(__file__).resolve().parent.parent / "rules" / "tests" / "stories"
OBJECTIVES = STORIES.parent.parent.parent / "objectives.yaml"

THREE_STEPS = (
    rules_sample.LATENCY_LIMITS,
    """\
    limits:
      - { above: 75ms, severity: medium }
      - { above: 100ms, severity: high }
      - { above: 150ms, severity: critical }
""",
)
EACH_ITS_OWN = (
    rules_sample.LATENCY_LIMITS,
    """\
    limits:
      - { above: 90ms, severity: medium, window: 10m, for: 2m }
      - { above: 100ms, severity: high, window: 5m, for: 20s }
      - { above: 150ms, severity: critical, window: 1m, for: 4s }
""",
)
PATIENT = (
    rules_sample.CACHE_LIMITS,
    """\
    limits:
      - { below: 85%, severity: medium, window: 1m, for: 5m }
      - { below: 50%, severity: high, window: 1m, for: 30s }
""",
)
GOOD_AND_BAD = (
    (
        rules_sample.CACHE_LIMITS,
        "    limits:\n      - { below: 85%, severity: medium }\n      - { below: 40%, severity: high }\n",
    ),
    (
        rules_sample.FALLBACK_LIMITS,
        "    limits:\n      - { above: 5%, severity: medium }\n      - { above: 33.3%, severity: critical }\n",
    ),
    ("  budget: 15s", "  budget: 60s"),
)
SLOW = (
    ("minimum: 40/s", "minimum: 6/m"),
    ("budget: 15s", "budget: 1h"),
    ("absent_for: 30s", "absent_for: 15m"),
    ("above: 0.1%, severity: high", "above: 2%, severity: high"),
)
SHAPES = {
    "as it is": (),
    "the p95 limit changed in one line": (
        ("- { above: 100ms, severity: high }", "- { above: 120ms, severity: high }"),
    ),
    "a ladder of three severities": (THREE_STEPS,),
    "its own window and `for` in each step": (EACH_ITS_OWN,),
    "a `for` that outlasts the window": (PATIENT,),
    "good and bad ratios of two severities": GOOD_AND_BAD,
    "an edge with a fraction and an odd quantile": (
        ("quantile: 0.95", "quantile: 0.9"),
        (rules_sample.LATENCY_LIMITS, "    limits:\n      - { above: 2.5ms, severity: high }\n"),
    ),
    "six extractions a minute": SLOW,
}


@pytest.fixture
def promtool(tools: Tools) -> Promtool:
    return Promtool(tools.promtool.path)


@pytest.mark.parametrize("shape", SHAPES)
def test_promtool_accepts_the_rules_and_the_rules_pass_their_tests(
    shape: str, promtool: Promtool, tmp_path: Path
) -> None:
    written = rules_sample.write(tmp_path / "shape", rules_sample.changed(*SHAPES[shape]))
    usual = rules_sample.write(tmp_path / "usual", objectives_sample.TEXT) if SHAPES[shape] else None

    assert promtool.check_rules(written.rules).faults == ()
    assert promtool.test_rules(_other_than(usual, written)).faults == ()


@pytest.mark.parametrize(
    "extractor",
    [
        'tech"nical',
        "a\nb\\c",
        "{{ $value | humanizePercentage }}",
        '{{ query "up" }}',
        "größe ☃ | =~ ,{}",
        "x" * 500,
    ],
)
def test_an_extractor_of_any_name_is_told_as_it_is(extractor: str, promtool: Promtool, tmp_path: Path) -> None:
    usual = rules_sample.write(tmp_path / "usual", objectives_sample.TEXT)
    written = rules_sample.write(tmp_path / "named", objectives_sample.TEXT, extractor)

    told = _other_than(usual, written)

    assert told
    assert promtool.test_rules(told).faults == ()


def _other_than(usual: rules_sample.Written | None, written: rules_sample.Written) -> list[Path]:
    """The tests that say something else than usual, or are of rules that do; the same ones need no second run."""
    if usual is None:
        return written.tests
    known = {file.name: file.read_text("utf-8") for file in (*usual.rules, *usual.tests)}
    changed = {file.name for file in written.rules if known.get(file.name) != file.read_text("utf-8")}
    texts = {file: file.read_text("utf-8") for file in written.tests}
    return [
        file
        for file, text in texts.items()
        if known.get(file.name) != text or any(f"  - ../{name}\n" in text for name in changed)
    ]


def _seconds(text: str) -> float:
    return 0.0 if text.startswith("0") else seconds(text)


def test_the_tests_of_slow_windows_take_few_steps(tmp_path: Path) -> None:
    written = rules_sample.planned(tmp_path, rules_sample.changed(*SLOW))
    assert max(judgement.window for judgement in written.judgements) >= 3600

    for name, content in promtool_tests.test_files(written, groups(written)).items():
        step = _seconds(content["evaluation_interval"])
        for case in content["tests"]:
            looks = (*case.get("alert_rule_test", ()), *case.get("promql_expr_test", ()))
            last = max(_seconds(look["eval_time"]) for look in looks)
            assert last / step <= 500, (name, case["name"])


def test_two_services_in_one_prometheus_do_not_disturb_each_other(promtool: Promtool, tmp_path: Path) -> None:
    one = rules_sample.write(tmp_path / "one", objectives_sample.TEXT)
    text = rules_sample.changed(("service: market-features #", "service: another-service #"))
    other = rules_sample.write(tmp_path / "other", text)
    for file in other.rules:
        shutil.copy(file, one.rules[0].parent / f"other-{file.name}")
    [mixed] = [test for test in one.tests if test.name == "recorded.1m.test.yaml"]
    text = mixed.read_text(encoding="utf-8")
    mixed.write_text(text.replace("rule_files:\n", "rule_files:\n  - ../other-availability.rules.yaml\n"), "utf-8")

    assert promtool.test_rules([mixed]).faults == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("< 0.95 - 1e-9", "< 0.94 - 1e-9"),
        ("for: 4s", "for: 6s"),
        ("[1m]", "[30s]"),
        ("sum by (service, extractor)", "sum by (service)"),
    ],
)
def test_a_rule_that_was_changed_by_hand_fails_its_tests(
    before: str, after: str, promtool: Promtool, tmp_path: Path
) -> None:
    written = rules_sample.write(tmp_path, objectives_sample.TEXT)
    [file] = [file for file in written.rules if file.name == "extraction.rules.yaml"]
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")

    telling = [test for test in written.tests if test.name in ("extraction-latency.test.yaml", "recorded.1m.test.yaml")]
    faults = promtool.test_rules(telling).faults

    assert faults
    assert all(fault.file.endswith(".test.yaml") and fault.line > 0 for fault in faults)


NEW = """\
  - name: price-age
    kind: freshness
    title: Age of the newest price
    alert: PricesStale
    category: latency
    of: { metric: last_price_timestamp_seconds }
    limits: [{ above: 30s, severity: critical }]
    first_steps: [Look.]
"""


def test_the_stories_hold_with_a_nearby_limit_and_a_new_objective_too(promtool: Promtool, tmp_path: Path) -> None:
    declared = OBJECTIVES.read_text(encoding="utf-8")
    assert declared.count("above: 100ms") == 1
    text = declared.replace("above: 100ms", "above: 120ms").replace("\nobjectives:\n", f"\nobjectives:\n{NEW}\n")
    rules_sample.write_rules(tmp_path, f"{text}\nmetrics:\n  last_price_timestamp_seconds: {{ type: gauge }}\n")
    stories = shutil.copytree(STORIES, tmp_path / "rules" / "tests" / "stories")

    assert promtool.test_rules(sorted(Path(stories).glob("*.test.yaml"))).faults == ()


def test_the_stories_notice_rules_that_would_miss_them(promtool: Promtool, tmp_path: Path) -> None:
    blind = rules_sample.changed(
        (rules_sample.LATENCY_LIMITS, "    limits:\n      - { above: 10s, severity: critical }\n"),
        (rules_sample.CACHE_LIMITS, "    limits:\n      - { below: 85%, severity: medium, for: 1h }\n"),
        (rules_sample.FALLBACK_LIMITS, "    limits:\n      - { above: 95%, severity: medium }\n"),
        ("above: 0.1%, severity: high", "above: 0.1%, severity: high, for: 1h"),
        ("budget: 15s", "budget: 10m"),
    )
    rules_sample.write_rules(tmp_path, blind)
    stories = shutil.copytree(STORIES, tmp_path / "rules" / "tests" / "stories")

    noticed = {Path(fault.file).name for fault in promtool.test_rules(sorted(Path(stories).glob("*.yaml"))).faults}

    assert noticed == {path.name for path in STORIES.glob("*.test.yaml")}
