"""Which alerts a text speaks of."""

from __future__ import annotations

import pytest

from featurewatch.demo.inbox.message import Status
from featurewatch.demo.inbox.recognition import recognise


@pytest.mark.parametrize(
    ("heading", "status", "firing", "resolved"),
    [
        ("[FIRING:1] ExtractionTooSlow", "firing", ["ExtractionTooSlow"], []),
        ("[RESOLVED] ExtractionTooSlow (market)", "resolved", [], ["ExtractionTooSlow"]),
        ("[RESOLVED:2] A, B on market", "resolved", [], ["A", "B"]),
        ("[FIRING:1, RESOLVED:1] ExtractionTooSlow", "mixed", ["ExtractionTooSlow"], ["ExtractionTooSlow"]),
        ("[firing:12] *HitRateLow*: market", "firing", ["HitRateLow"], []),
        ("[FIRING:1] (HitRateLow market critical)", "firing", ["HitRateLow"], []),
        ("prod: [FIRING:1] HitRateLow", "firing", ["HitRateLow"], []),
        ("[FIRING:1]", "firing", [], []),
        ("Minutes of the meeting", "none", [], []),
        ("", "none", [], []),
    ],
)
def test_a_heading_states_status_and_names(
    heading: str, status: Status, firing: list[str], resolved: list[str]
) -> None:
    found = recognise(heading)
    assert (found.status, list(found.firing), list(found.resolved)) == (status, firing, resolved)


def test_our_own_heading_states_severity_and_service_too() -> None:
    found = recognise("[FIRING:2] ExtractionTooSlow (critical) on market-features: 2 alerts", "Service: more exact")
    assert found.firing == ("ExtractionTooSlow",)
    assert found.labels == {"severity": "critical", "service": "more exact"}


def test_names_listed_in_the_body_win_over_the_heading() -> None:
    body = "Labels:\n - alertname = HitRateLow\n - severity = high\n - service = market\n"
    found = recognise("[FIRING:1] market (HitRateLow high)", body)
    assert found.firing == ("HitRateLow",)
    assert found.labels == {"severity": "high", "service": "market"}


def test_lists_under_their_own_headings_tell_what_fires_and_what_has_ended() -> None:
    body = "Alerts Firing:\n - alertname = A\n\n[1] Resolved\n - alertname = B\n"
    found = recognise("[FIRING:1, RESOLVED:1] market", body)
    assert (found.firing, found.resolved) == (("A",), ("B",))


@pytest.mark.parametrize(
    "line",
    [
        "Severity: critical",
        "*Severity:* critical",
        "- severity = critical",
        "• Severity: `critical`",
        "> severity: critical",
    ],
)
def test_labels_are_read_in_the_ways_templates_write_them(line: str) -> None:
    assert recognise("", line).labels == {"severity": "critical"}


def test_what_is_known_from_elsewhere_wins_over_the_heading() -> None:
    found = recognise("[FIRING:1] A", status="resolved")
    assert (found.status, found.firing, found.resolved) == ("resolved", (), ("A",))


def test_text_made_to_be_slow_to_search_is_not() -> None:
    recognise("[FIRING" * 20_000 + " " * 50_000, ("severity" + " *" * 5_000 + "\n") * 20)
