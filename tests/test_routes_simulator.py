from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from tests import routing

from featurewatch.amtool import Amtool
from featurewatch.people.calendar import Once, Weekly, intervals
from featurewatch.routes import alertmanager_config, render, simulator
from featurewatch.routes.matchers import match
from featurewatch.rules.build import groups
from featurewatch.rules.plan import plan
from featurewatch.tools.toolbox import Tools

VIENNA = ZoneInfo("Europe/Vienna")


def _config(time_intervals: list[Any], **route: object) -> dict[str, Any]:
    return {
        "time_intervals": [{"name": "then", "time_intervals": time_intervals}],
        "route": {"receiver": "nobody", "routes": [{"receiver": "somebody", **route}]},
    }


def _local(text: str) -> datetime:
    """A time without its zone, which stands elsewhere."""
    return datetime.fromisoformat(text)


def _told(config: dict[str, Any], at: str) -> bool:
    return simulator.receivers(config, {}, datetime.fromisoformat(at)) == ("somebody",)


@pytest.mark.parametrize(
    ("matcher", "value", "holds"),
    [
        ('a="x"', "x", True),
        ('a="x"', "xx", False),
        ('a!="x"', "", True),
        ('a=~"x|y"', "y", True),
        ('a=~"x"', "xx", False),
        ('a!~"x.*"', "xx", False),
        ('a="\\"\\\\"', '"\\', True),
        ('a=""', "", True),
    ],
)
def test_a_matcher_is_about_the_whole_value(matcher: str, value: str, holds: bool) -> None:
    assert match([matcher], {"a": value} if value else {}) is holds


def test_another_notation_of_a_matcher_is_refused_not_guessed() -> None:
    with pytest.raises(ValueError, match='write a matcher as name="value"'):
        match(["a=x"], {})


def test_hours_over_midnight_are_two_days_for_alertmanager_and_one_night_for_people() -> None:
    night = Weekly(("saturday",), _local("2026-01-01T22:00").time(), _local("2026-01-01T06:00").time(), VIENNA)
    config = _config(intervals(night), active_time_intervals=["then"])
    assert [_told(config, f"2026-11-{text}+01:00") for text in ("21T21:59", "21T22:00", "22T05:59", "22T06:00")] == [
        *(False, True, True, False)
    ]


def test_a_stretch_of_many_months_holds_exactly_its_minutes_whatever_the_clocks_do() -> None:
    begins, ends = _local("2026-02-27T09:00"), _local("2029-04-02T17:30")
    config = _config(intervals(Once(begins, ends, VIENNA)), active_time_intervals=["then"])
    around = [
        begins,
        ends,
        _local("2026-03-01T00:00"),
        _local("2026-12-31T23:59"),
        _local("2027-01-01T00:00"),
        _local("2029-01-01T00:00"),
    ]
    around += [_local("2028-02-29T12:00"), _local("2026-10-25T02:30"), _local("2029-03-31T23:59")]
    for moment, minutes in product(around, (-1, 0, 1)):
        local = moment + timedelta(minutes=minutes)
        told = simulator.receivers(config, {}, local.replace(tzinfo=VIENNA)) == ("somebody",)
        assert told is (begins <= local < ends), local


def test_a_muted_route_tells_nobody_while_it_is_muted() -> None:
    maintenance = Once(_local("2026-12-01T22:00"), _local("2026-12-02T02:00"), VIENNA)
    config = _config(intervals(maintenance), mute_time_intervals=["then"])
    assert not _told(config, "2026-12-02T01:59+01:00")
    assert _told(config, "2026-12-02T02:00+01:00")


def test_every_alert_of_the_catalogue_goes_where_amtool_says(tools: Tools, tmp_path: Path) -> None:
    chosen = plan(routing.declared())
    file = routing.write_configuration(tmp_path, chosen)
    config = yaml.safe_load(file.read_text())
    alerts = {(alert.name, alert.labels["severity"]): alert for group in groups(chosen) for alert in group.alerts}
    assert len(alerts) > 12
    amtool = Amtool(tools.amtool.path)
    for alert in alerts.values():
        labels = {"alertname": alert.name, **alert.labels, "service": "market-features", "extractor": "technical"}
        assert simulator.receivers(config, labels) == amtool.route(file, labels).receivers


def test_every_alert_that_somebody_must_hear_is_told_at_every_hour_of_a_week() -> None:
    chosen = plan(routing.declared())
    config = yaml.safe_load(render(alertmanager_config(chosen)))
    heard = {str(severity) for severity, channels in chosen.objectives.notify.channels.items() if channels}
    start = datetime(2026, 11, 23, tzinfo=VIENNA)
    for alert in {a.name + str(a.labels): a for group in groups(chosen) for a in group.alerts}.values():
        if alert.labels["severity"] in heard:
            labels = {"alertname": alert.name, **alert.labels}
            for hour in range(0, 168, 3):
                told = simulator.receivers(config, labels, start + timedelta(hours=hour))
                assert set(told) - {"nobody"}, (alert.name, hour)


def test_who_is_silenced_by_whom_needs_equal_labels_and_never_itself() -> None:
    rule = {
        "name": "worse-over-milder",
        "source_matchers": ['severity="critical"'],
        "target_matchers": ['severity=~"high|critical"'],
        "equal": ["service"],
    }
    config = {"inhibit_rules": [rule]}
    critical, high = {"severity": "critical", "service": "a"}, {"severity": "high", "service": "a"}
    assert simulator.inhibitor(config, high, [critical]) is None  # a source that is a target silences nothing
    config = {"inhibit_rules": [{**rule, "target_matchers": ['severity="high"']}]}
    assert simulator.inhibitor(config, high, [critical]) == "worse-over-milder"
    assert simulator.inhibitor(config, {**high, "service": "b"}, [critical]) is None
    assert simulator.inhibitor(config, critical, [critical]) is None
