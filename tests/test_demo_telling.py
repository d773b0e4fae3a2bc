from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from featurewatch.demo.inbox.message import Delivery
from featurewatch.demo.telling import SHOWN_LINES, WIDTH, Telling, excerpt
from featurewatch.demo.timeline import Breakdown, Moment, Timeline, line, table

LONG = "one word after another and never an end " * 20


def _delivery(**more: object) -> Delivery:
    values: dict[str, object] = {
        "channel": "email",
        "status": "firing",
        "summary": "[FIRING:1] TooSlow",
        "recipients": ("a@example.org", "b@example.org"),
        "id": 1,
        "received_at": datetime.now(UTC),
        **more,
    }
    return Delivery(**values)  # type: ignore[arg-type]


def _told(timeline: Timeline) -> tuple[Telling, io.StringIO]:
    out = io.StringIO()
    return Telling(Console(file=out, highlight=False), timeline), out


def test_a_line_is_never_wrapped_where_the_console_is_no_terminal() -> None:
    telling, out = _told(Timeline())
    telling.moment(Moment(1.0, "prometheus", LONG))
    assert out.getvalue().count("\n") == 1


def test_what_looks_like_markup_is_shown_as_it_is() -> None:
    telling, out = _told(Timeline())
    telling.delivery(_delivery(summary="[bold]no[/bold] [FIRING:1]", body="[red]alarm"))
    assert "[bold]no[/bold] [FIRING:1]" in out.getvalue()
    assert "[red]alarm" in out.getvalue()


def test_an_excerpt_says_to_whom_and_what_and_is_short() -> None:
    body = "\n\n".join(["[FIRING:1] TooSlow", "Now:   about 181.5ms", "See http://127.0.0.1/x", LONG, *"abcdefgh"])
    lines = excerpt(_delivery(body=body))
    assert lines[0] == "a@example.org, b@example.org: [FIRING:1] TooSlow"
    assert lines[1] == "Now: about 181.5ms"
    assert len(lines) == 1 + SHOWN_LINES
    assert max(map(len, lines)) == WIDTH
    assert not any("http" in text for text in lines)


def test_an_excerpt_of_an_empty_message_is_its_summary() -> None:
    assert excerpt(_delivery(recipients=(), body="")) == ["[FIRING:1] TooSlow"]


def test_the_summary_names_what_is_missing() -> None:
    telling, out = _told(Timeline(missing=["slack: TooSlow critical firing"]))
    telling.summary()
    assert "missing slack: TooSlow critical firing" in out.getvalue()
    assert "arrived" not in out.getvalue()


def test_the_summary_says_where_the_seconds_went() -> None:
    telling, out = _told(Timeline(began=0.0, breakdown=Breakdown(1.0, 2.0, 0.5, 4.0, 1.5)))
    telling.summary()
    assert "     9.0 s  in all" in out.getvalue()
    assert "everything that was owed arrived" in out.getvalue()


def test_a_timeline_is_in_order_and_counts_from_the_beginning_of_the_fault() -> None:
    timeline = Timeline([Moment(107.0, "email", "received"), Moment(99.5, "extractor", "healthy")], began=100.0)
    assert table(timeline).splitlines() == [
        "    -0.5 s  extractor   healthy",
        "     7.0 s  email       received",
    ]


def test_before_the_fault_there_are_no_seconds() -> None:
    assert line(Timeline(), Moment(1.0, "extractor", "waiting")) == "         …  extractor   waiting"


def test_a_timeline_as_plain_data_has_everything() -> None:
    timeline = Timeline([Moment(107.0, "email", "received")], 100.0, Breakdown(1.0, 2.0, 0.5, 4.0, 1.5), ["x"])
    assert timeline.as_mapping() == {
        "began": 100.0,
        "moments": [{"at": 107.0, "actor": "email", "what": "received", "seconds": 7.0}],
        "breakdown": {
            "scrape": 1.0,
            "window": 2.0,
            "evaluation": 0.5,
            "hold": 4.0,
            "delivery": 1.5,
            "total": pytest.approx(9.0),
        },
        "missing": ["x"],
        "unwanted": [],
        "received": [],
    }
