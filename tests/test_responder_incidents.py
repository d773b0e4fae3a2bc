"""What fires together becomes one incident, in whatever order it is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from featurewatch.responder.database import Database, open_database
from featurewatch.responder.fingerprint import fingerprint
from featurewatch.responder.firing import Told
from featurewatch.responder.intake import take
from featurewatch.responder.tables import firings, incidents, transitions

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'history.db'}")
    opened.migrate()
    yield opened
    opened.close()


def told(name: str, begins: float, ends: float | None = None, **more: str) -> Told:
    labels = {"alertname": name, "service": "features", "extractor": "technical", "severity": "high"} | more
    labels = {label: value for label, value in labels.items() if value}
    return Told(fingerprint(labels), at(begins), None if ends is None else at(ends), labels)


def cascade(begins: float, ends: float | None = None, **more: str) -> Told:
    return told("LatencyCascade", begins, ends, incident="latency-cascade", category="incident", **more)


def member(name: str, begins: float, ends: float | None = None) -> Told:
    labels = {"incident": "latency-cascade", "member": name, "member_severity": "high", "severity": "none"}
    return told("IncidentMember", begins, ends, **labels)


def level(number: int, begins: float, original: str = "ExtractionTooSlow") -> Told:
    labels = {"escalation_level": str(number), "original_alert": original, "policy": "latency"}
    return told(f"EscalationLevel{number}", begins, None, **labels)


SLOW = "ExtractionTooSlow"
MISSES = "CacheHitRatioLow"


def shown(database: Database) -> list[dict[str, Any]]:
    """The incidents that are none's part, with the names of their alerts."""
    with database.reading() as connection:
        rows = connection.execute(
            select(incidents).where(incidents.c.merged_into.is_(None)).order_by(incidents.c.started_at)
        )
        found = []
        for row in rows.mappings():
            inside = select(firings.c.alertname).where(firings.c.incident_id == row["id"])
            alerts = sorted(connection.execute(inside.where(firings.c.escalation_level.is_(None))).scalars())
            seconds = [None if moment is None else (moment - START).total_seconds() for moment in row_times(row)]
            found.append(
                {
                    "name": row["name"],
                    "alerts": alerts,
                    "time": tuple(seconds),
                    "severity": row["severity"],
                    "level": row["escalation_level"],
                }
            )
    return found


def row_times(row: Any) -> tuple[datetime | None, datetime | None]:
    return row["started_at"], row["ended_at"]


def events(database: Database, kind: str) -> list[dict[str, Any]]:
    with database.reading() as connection:
        rows = connection.execute(select(transitions.c.detail).where(transitions.c.kind == kind))
        return [dict(row) for row in rows.scalars()]


def test_an_alert_outside_any_correlation_is_an_incident_of_one(database: Database) -> None:
    take(database, [told(SLOW, 0)], at(1))
    one = {"name": "", "alerts": [SLOW], "time": (0.0, None), "severity": "high", "level": 1}
    assert shown(database) == [one]
    take(database, [told(SLOW, 0, 50)], at(51))
    assert shown(database) == [one | {"time": (0.0, 50.0)}]


def test_severities_of_one_alert_are_one_incident_of_the_worst(database: Database) -> None:
    take(database, [told(SLOW, 0), told(SLOW, 10, severity="critical")], at(11))
    (one,) = shown(database)
    assert one["severity"] == "critical"
    assert one["alerts"] == [SLOW, SLOW]


def test_an_alert_that_fires_again_later_is_another_incident(database: Database) -> None:
    take(database, [told(SLOW, 0, 50), told(SLOW, 500)], at(501))
    assert [one["time"] for one in shown(database)] == [(0.0, 50.0), (500.0, None)]


STORY = (told(SLOW, 0), told(MISSES, 20), cascade(30), member(SLOW, 30), member(MISSES, 30))


@pytest.mark.parametrize("order", list(permutations(range(5)))[::7])
def test_the_alerts_of_a_correlation_are_one_incident_in_whatever_order_they_are_told(
    database: Database, order: tuple[int, ...]
) -> None:
    for position in order:
        take(database, [STORY[position]], at(40))
    together = {
        "name": "latency-cascade",
        "alerts": [MISSES, SLOW, "LatencyCascade"],
        "time": (0.0, None),
        "severity": "high",
        "level": 1,
    }
    assert shown(database) == [together]


def test_all_of_it_in_one_message_is_the_same(database: Database) -> None:
    take(database, STORY, at(40))
    assert [one["alerts"] for one in shown(database)] == [[MISSES, SLOW, "LatencyCascade"]]


def test_an_incident_ends_with_the_last_of_its_alerts(database: Database) -> None:
    take(database, STORY, at(40))
    take(database, [cascade(30, 60), told(MISSES, 20, 60)], at(61))
    assert [one["time"] for one in shown(database)] == [(0.0, None)]
    take(database, [told(SLOW, 0, 90)], at(91))
    assert [one["time"] for one in shown(database)] == [(0.0, 90.0)]


def test_another_extractors_alerts_stay_incidents_of_their_own(database: Database) -> None:
    take(database, [*STORY, told(SLOW, 5, extractor="other")], at(40))
    assert [one["alerts"] for one in shown(database)] == [[MISSES, SLOW, "LatencyCascade"], [SLOW]]


def test_a_level_of_escalation_updates_its_originals_incident_and_opens_none(database: Database) -> None:
    take(database, [told(SLOW, 0)], at(1))
    take(database, [level(2, 300)], at(301))
    take(database, [level(3, 600), level(2, 300)], at(601))
    (one,) = shown(database)
    assert one["level"] == 3
    assert [event["level"] for event in events(database, "escalated")] == [2, 3]


def test_a_level_that_is_told_before_its_original_finds_it_later(database: Database) -> None:
    take(database, [level(2, 300)], at(301))
    assert shown(database) == []
    take(database, [told(SLOW, 0)], at(302))
    assert [one["level"] for one in shown(database)] == [2]
    assert len(events(database, "escalated")) == 1


def test_a_level_of_what_became_part_of_an_incident_raises_that_incident(database: Database) -> None:
    take(database, [told(SLOW, 0), level(2, 25)], at(26))
    take(database, STORY, at(40))
    assert [(one["name"], one["level"]) for one in shown(database)] == [("latency-cascade", 2)]
