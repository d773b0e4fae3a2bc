"""Rules against a real Prometheus: what it never saw is told, what it saw is not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests import running_prometheus

from featurewatch.lint import live
from featurewatch.lint.source import read
from featurewatch.tools.toolbox import Tools

RULES = """\
groups:
  - name: some
    rules:
      - {alert: Seen, expr: 'sum by (job) (up{job="node"}) == 0'}
      - {alert: NeverSeen, expr: sum by (job) (lost_total) > 0}
      - {alert: LabelNeverSeen, expr: 'up{extractor="x"} == 0'}
      - {alert: ByLabelNeverSeen, expr: sum by (extractor) (up) == 0}
      - {alert: NeverMatched, expr: 'up{job="elsewhere"} == 0'}
"""

FOLLOWING = """\
groups:
  - name: some
    rules:
      - {record: 'job:lost:rate5m', expr: 'sum by (job) (rate(lost_total[5m]))'}
      - {record: 'job:lost:ratio', expr: 'job:lost:rate5m / 10'}
      - {alert: Losing, expr: 'job:lost:ratio > 0.1'}
      - {record: 'job:up:max', expr: max by (job) (up)}
      - {alert: NotRecordedYet, expr: 'job:up:max == 0'}
"""


@pytest.fixture(scope="module")
def url(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("live")
    with (
        running_prometheus.node_exporter(tools.node_exporter.path, folder) as node,
        running_prometheus.prometheus(tools.prometheus.path, folder, {"node": (node, {})}) as address,
    ):
        end = time.monotonic() + 30
        query = {"query": "up"}
        while time.monotonic() < end:
            if httpx.get(f"{address}/api/v1/query", params=query, trust_env=False).json()["data"]["result"]:
                break
            time.sleep(0.1)
        yield address


def test_what_the_server_never_saw_is_told(url: str, tmp_path: Path) -> None:
    file = tmp_path / "some.rules.yaml"
    file.write_text(RULES, encoding="utf-8")
    with httpx.Client(trust_env=False) as client:
        findings = live.check(read([file]).rules, live.Server(url, client), time.time() + 5)

    assert {(finding.rule, finding.check, finding.line) for finding in findings} == {
        ("NeverSeen", "never-seen", 5),
        ("LabelNeverSeen", "label-never-seen", 6),
        ("ByLabelNeverSeen", "label-never-seen", 7),
        ("NeverMatched", "never-matched", 8),
    }


def test_what_follows_from_a_series_that_was_never_seen_is_told_once_where_it_is_missed(
    url: str, tmp_path: Path
) -> None:
    file = tmp_path / "some.rules.yaml"
    file.write_text(FOLLOWING, encoding="utf-8")
    with httpx.Client(trust_env=False) as client:
        findings = live.check(read([file]).rules, live.Server(url, client), time.time() + 5)

    assert {(finding.rule, finding.check) for finding in findings} == {
        ("job:lost:rate5m", "never-seen"),
        ("NotRecordedYet", "never-seen"),
    }


def test_a_server_that_does_not_answer_is_named() -> None:
    with httpx.Client(trust_env=False) as client, pytest.raises(live.ServerFailure, match=r"127\.0\.0\.1:1"):
        live.Server("http://127.0.0.1:1", client).has("up", 0.0)
