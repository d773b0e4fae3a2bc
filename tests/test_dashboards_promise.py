"""The overview shows each objective with its own unit, limits and links, and follows the objectives file."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.dashboards_sample import (
    DASHBOARDS,
    OVERVIEW,
    expressions,
    overview,
    panel,
    sample_plan,
    steps,
    write_objectives,
)

from featurewatch.dashboards import build, current_plan, generate, load
from featurewatch.dashboards.question import OBJECTIVES_VARIABLE
from featurewatch.faults import Faulty
from featurewatch.rules import messages

LATENCY_LIMIT = ("{ above: 100ms, severity: high }", "{ above: 90ms, severity: high }")


@pytest.fixture
def board(tmp_path: Path) -> dict[str, object]:
    return overview(sample_plan(tmp_path))


def test_alerts_link_to_the_address_that_the_overview_has(board: dict[str, object]) -> None:
    assert board["uid"] == messages.OVERVIEW


def test_it_opens_on_the_last_quarter_of_an_hour_and_refreshes_every_five_seconds(board: dict[str, object]) -> None:
    assert board["time"] == {"from": "now-15m", "to": "now"}
    assert board["refresh"] == "5s"


def test_the_same_objectives_give_the_same_bytes(tmp_path: Path) -> None:
    chosen = sample_plan(tmp_path)
    assert generate(chosen, DASHBOARDS) == generate(chosen, DASHBOARDS)
    assert build(OVERVIEW, chosen) == generate(chosen, DASHBOARDS)["out/promise.json"]


def test_another_process_with_another_hash_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    objectives = write_objectives(tmp_path)
    texts = {_by_grafanalib(objectives, tmp_path / f"{seed}.json", seed) for seed in ("1", "2")}
    assert texts == {build(OVERVIEW, current_plan(OVERVIEW, {OBJECTIVES_VARIABLE: str(objectives)}))}


def _by_grafanalib(objectives: Path, out: Path, seed: str) -> str:
    """Grafanalib's own command, which loads the file by its path and knows of no plan."""
    python_path = str(OVERVIEW.parents[1] / "exporters")
    code = "import sys; from grafanalib._gen import generate_dashboard_script; sys.exit(generate_dashboard_script())"
    subprocess.run(
        [sys.executable, "-c", code, "-o", out, OVERVIEW],
        check=True,
        timeout=60,
        env={**os.environ, OBJECTIVES_VARIABLE: str(objectives), "PYTHONHASHSEED": seed, "PYTHONPATH": python_path},
    )
    return json.dumps(json.loads(out.read_text()), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def test_p95_is_shown_in_seconds_on_the_colours_of_its_limits(board: dict[str, object]) -> None:
    found = panel(board, "p95 ≤ 100ms")
    assert found["fieldConfig"]["defaults"]["unit"] == "s"
    assert steps(found) == [(None, "green"), (0.100000001, "orange"), (0.150000001, "red")]


def test_a_hit_rate_turns_below_its_limit(board: dict[str, object]) -> None:
    found = panel(board, "Served from the cache ≥ 85 %")
    assert steps(found) == [(None, "yellow"), (0.849999999, "green")]
    assert expressions(found)[0].startswith("min(")


def test_a_tenth_of_a_per_cent_is_not_shown_as_nothing(board: dict[str, object]) -> None:
    defaults = panel(board, "Failed extractions ≤ 0.1 %")["fieldConfig"]["defaults"]
    assert (defaults["unit"], defaults["decimals"]) == ("percentunit", 2)


def test_one_changed_line_moves_thresholds_lines_queries_and_words(tmp_path: Path) -> None:
    before = build(OVERVIEW, sample_plan(tmp_path))
    after = build(OVERVIEW, sample_plan(tmp_path, LATENCY_LIMIT))
    board = json.loads(after)
    assert steps(panel(board, "p95 ≤ 90ms"))[1] == (0.090000001, "orange")
    assert steps(panel(board, "How long extractions take"))[1] == (0.09, "orange")
    assert any("extraction_latency_90ms" in expr for expr in expressions(panel(board, "Share of extractions slower")))
    assert "above 90ms is high" in after
    assert "100ms" not in after
    assert "90ms" not in before


def test_a_new_objective_appears_without_touching_the_dashboard(tmp_path: Path) -> None:
    new = """\
  - name: cache-share
    kind: ratio
    title: Extractions that were computed
    alert: ComputedRatioHigh
    category: cache
    bad: served_from_compute
    limits:
      - { above: 60%, severity: low }
    first_steps:
      - Look at the cache.

notify:
"""
    board = overview(sample_plan(tmp_path, ("notify:\n", new)))
    assert steps(panel(board, "Extractions that were computed ≤ 60 %")) == [(None, "green"), (0.600000001, "blue")]


def test_every_objective_links_to_what_to_do(board: dict[str, object]) -> None:
    text = json.dumps(board)
    for alert in ("ExtractionTooSlow", "CacheHitRatioLow", "FallbackRatioHigh", "ErrorRatioHigh", "ExtractorDown"):
        assert f"/runbooks/{alert}" in text


def test_every_panel_says_what_good_looks_like(board: dict[str, object]) -> None:
    panels = [found for found in json.loads(json.dumps(board))["panels"] if found["type"] != "row"]
    assert panels
    for found in panels:
        assert re.search(r"\*\*Good:\*\* \S", found["description"]), found["title"]


def test_an_alert_about_the_whole_service_is_shown_whatever_extractor_is_chosen(board: dict[str, object]) -> None:
    [states] = expressions(panel(board, "Alerts over time"))
    assert states.count('extractor=~"$extractor|"') == states.count("ALERTS{")
    assert states.count('alertname!="Watchdog"') == states.count("ALERTS{")


def test_the_alert_list_has_the_alerts_of_the_chosen_service_and_the_worst_first(board: dict[str, object]) -> None:
    options = panel(board, "What fires")["options"]
    assert options["alertInstanceLabelFilter"] == '{service="$service"}'
    assert options["sortOrder"] == 3
    assert (options["stateFilter"]["firing"], options["stateFilter"]["normal"]) == (True, False)


def test_a_file_without_a_dashboard_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "empty.dashboard.py"
    path.write_text("")
    with pytest.raises(Faulty, match=r"empty\.dashboard\.py: defines no dashboard; decorate a function"):
        load(path)


def test_a_plain_grafanalib_dashboard_is_refused_because_it_knows_no_plan(tmp_path: Path) -> None:
    path = tmp_path / "old.dashboard.py"
    path.write_text("from grafanalib.core import Dashboard\ndashboard = Dashboard(title='old')\n")
    with pytest.raises(Faulty, match="`dashboard` is a Dashboard"):
        load(path)


def test_the_objectives_of_the_checkout_are_taken_when_none_are_named(tmp_path: Path) -> None:
    write_objectives(tmp_path, ("service: market-features", "service: brain-waves"))
    folder = tmp_path / "dashboards"
    folder.mkdir()
    assert current_plan(folder / "promise.dashboard.py", {}).objectives.service == "brain-waves"


def test_without_any_objectives_the_message_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(Faulty, match=re.escape(str(tmp_path))):
        current_plan(tmp_path / "promise.dashboard.py", {})
