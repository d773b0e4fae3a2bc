"""objectives.yaml is accepted as a whole or refused as a whole, every fault at once and in its line."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.objectives_sample import TEXT

from featurewatch import names
from featurewatch.faults import Fault, Faulty
from featurewatch.objectives import Objectives, Severity, load
from featurewatch.objectives.model import PresenceObjective, QuantileObjective, RatioObjective
from featurewatch.objectives.source import KeyPath

COMMITTED = Path(__file__).parent.parent / "objectives.yaml"
DATA: dict[str, Any] = yaml.safe_load(TEXT)

Read = Callable[[str], Objectives]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def load_text(text: str) -> Objectives:
        path = tmp_path / "objectives.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path, "objectives.yaml")

    return load_text


def faults_of(read: Read, text: str) -> tuple[Fault, ...]:
    with pytest.raises(Faulty) as caught:
        read(text)
    return caught.value.faults


def changed(*replacements: tuple[str, str]) -> str:
    """The sample with each text replaced where it stands first."""
    text: str = TEXT
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_committed_objectives_load() -> None:
    data = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))
    objectives = load(COMMITTED)
    assert objectives.service == data["service"]
    assert [item.name for item in objectives.objectives] == [
        *(item["name"] for item in data["objectives"]),
        *data["use"],
    ]


def test_each_kind_of_objective_becomes_a_value_of_its_own(read: Read) -> None:
    objectives = read(TEXT)
    kinds = {type(item) for item in objectives.objectives}
    assert kinds == {QuantileObjective, RatioObjective, PresenceObjective}


def test_a_quantile_judges_successes_only_so_that_fast_failures_do_not_improve_it(read: Read) -> None:
    (latency,) = (item for item in read(TEXT).objectives if isinstance(item, QuantileObjective))
    assert latency.population == ((names.OUTCOME, names.SUCCESS),)
    assert [(str(limit.severity), limit.bound) for limit in latency.limits] == [("high", 0.1), ("critical", 0.15)]


def test_a_cancelled_extraction_counts_in_no_ratio(read: Read) -> None:
    for item in read(TEXT).objectives:
        if isinstance(item, RatioObjective):
            (total,) = item.total
            assert total == (names.OUTCOME, "success|error")


def test_quantities_arrive_in_base_units(read: Read) -> None:
    objectives = read(changed(("minimum: 40/s", "minimum: 600/m"), ("budget: 15s", "budget: 1500ms")))
    assert (objectives.minimum_traffic, objectives.delivery_budget) == (10.0, 1.5)
    assert objectives.retention == 35 * 86400


def test_a_limit_may_say_how_long_and_over_which_window(read: Read) -> None:
    text = changed(("{ above: 100ms, severity: high }", "{ above: 100ms, severity: high, for: 30s, window: 5m }"))
    limit = read(text).objectives[0].limits[0]
    assert (limit.hold, limit.window) == (30.0, 300.0)


def test_a_severity_is_written_by_its_name() -> None:
    assert [f"{severity}" for severity in sorted(Severity)] == ["low", "medium", "high", "critical"]


SINGLE = {
    "an unknown key": (
        "team: ",
        "colour: blue\nteam: ",
        "colour: blue",
        "colour: unknown key",
    ),
    "an unknown key deep inside": (
        "{ above: 150ms, severity: critical }",
        "{ above: 150ms, severity: critical, since: 3s }",
        "{ above: 150ms",
        "objectives[0].limits[1].since: unknown key",
    ),
    "a missing key": (
        "team: feature-platform\n",
        "",
        "version:",
        "team: missing",
    ),
    "a negative threshold": (
        "above: 100ms",
        "above: -100ms",
        "above: -100ms",
        "found '-100ms'; a duration is above 0",
    ),
    "a negative share": (
        "below: 85%",
        "below: -85%",
        "below: -85%",
        "found '-85%'; a share lies between 0 and 1",
    ),
    "an objective beside the bucket edges": (
        "above: 100ms",
        "above: 99ms",
        "above: 99ms",
        "objectives[0].limits[0].above: 99ms is not a bucket edge of extraction_duration; choose one of 1ms, 2.5ms",
    ),
    "a duplicate name": (
        "name: cache-hit-ratio",
        "name: extraction-latency",
        "name: extraction-latency\n    kind: ratio",
        "objectives[1].name: 'extraction-latency' again; choose another name; it stands in line",
    ),
    "a duplicate alert": (
        "alert: CacheHitRatioLow",
        "alert: ExtractionTooSlow",
        "alert: ExtractionTooSlow\n    category: cache",
        "objectives[1].alert: 'ExtractionTooSlow' again",
    ),
    "a duplicate key": (
        "retention: 35d",
        "retention: 35d\nretention: 36d",
        "retention: 36d",
        "the key 'retention' again",
    ),
    "a severity twice": (
        "150ms, severity: critical",
        "150ms, severity: high",
        "150ms, severity: high",
        "high again",
    ),
    "a severe limit nearer than a mild one": (
        "above: 150ms",
        "above: 90ms",
        "limits:\n      - { above: 100ms",
        "critical does not lie beyond high",
    ),
    "a kind that does not exist": (
        "kind: quantile",
        "kind: average",
        "kind: average",
        "kind is one of quantile, ratio, gauge, rate, increase, freshness, presence",
    ),
    "no kind": (
        "    kind: quantile\n",
        "",
        "- name: extraction-latency",
        "no such kind",
    ),
    "another version": (
        "featurewatch/v1",
        "featurewatch/v2",
        "featurewatch/v2",
        "found 'featurewatch/v2'",
    ),
    "a name that is no label value": (
        "service: market-features",
        "service: Market Features",
        "service: Market",
        "service: found 'Market Features'; write lower-case words joined by hyphens",
    ),
    "a template in a title": (
        "The extractor answers",
        "'{{ $value }}'",
        "'{{ $value }}'",
        "write one line of text without braces",
    ),
    "good and bad": (
        "    good: served_from_cache",
        "    bad: failed\n    good: served_from_cache",
        "- name: cache-hit-ratio",
        "objectives[1]: needs `good` or `bad`",
    ),
    "above where below is meant": (
        "below: 85%",
        "above: 85%",
        "{ above: 85%",
        "objectives[1].limits[0]: needs `below`",
    ),
    "a limit that fires always": (
        "below: 85%",
        "below: 100%",
        "below: 100%",
        "a limit of 0 % or 100 % would fire always or never",
    ),
    "a quantile of many decimals": (
        "quantile: 0.95",
        "quantile: 0.9512345",
        "quantile: 0.9512345",
        "at most five decimals",
    ),
    "a quantile that is no number": (
        "quantile: 0.95",
        "quantile: .nan",
        "quantile: .nan",
        "a quantile lies between 0 and 1",
    ),
    "nothing that watches the data": (
        "of: events",
        "of: target",
        "- name: extraction-latency",
        "nothing watches that its data is there",
    ),
    "a channel that is not set up": (
        "  webhook:\n    url_file: secrets/webhook_url\n",
        "",
        "critical: [pager",
        "notify.critical: webhook is not set up; add notify.webhook",
    ),
    "a channel twice": (
        "high: [slack, email]",
        "high: [slack, slack]",
        "high: [slack",
        "notify.high: slack again",
    ),
    "a channel that does not exist": (
        "medium: [email]",
        "medium: [pigeon]",
        "medium: [pigeon]",
        "notify.medium[0]: found 'pigeon'",
    ),
    "half a login": (
        "    username: featurewatch\n",
        "",
        "email:\n",
        "notify.email: half a login",
    ),
    "a port that does not exist": (
        "inbox:2525",
        "inbox:65536",
        "smarthost: inbox:65536",
        "a port lies between 1 and 65535",
    ),
    "two addresses in one": (
        "[oncall@example.org]",
        "['a@x.org,b@x.org']",
        "['a@x.org",
        "write one mail address",
    ),
    "a budget of part of a millisecond": (
        "budget: 15s",
        "budget: 0.5ms",
        "budget: 0.5ms",
        "write a duration in whole milliseconds",
    ),
    "a duration without a unit": (
        "budget: 15s",
        "budget: 15",
        "budget: 15",
        "found 15; write a duration with its unit",
    ),
    "no traffic": (
        "minimum: 40/s",
        "minimum: 0/s",
        "minimum: 0/s",
        "a rate lies between",
    ),
    "a list where a mapping belongs": ("links:\n", "links: []\nlinksx:\n", "links: []", "links: found []"),
}


@pytest.mark.parametrize(("old", "new", "place", "message"), SINGLE.values(), ids=SINGLE)
def test_a_fault_is_told_in_its_line_with_what_is_allowed(
    read: Read, old: str, new: str, place: str, message: str
) -> None:
    text = changed((old, new))
    told = [str(fault) for fault in faults_of(read, text) if message in str(fault)]
    assert len(told) == 1, faults_of(read, text)
    assert told[0].startswith(f"objectives.yaml:{line_of(text, place)}:")


def test_every_fault_is_told_at_once_in_the_order_of_the_file(read: Read) -> None:
    text = changed(
        ("team: ", "colour: blue\nteam: "),
        ("above: 100ms", "above: -100ms"),
        ("name: cache-hit-ratio", "name: extraction-latency"),
        ("above: 5%", "above: 500%"),
        ("retention: 35d", "retention: 35d\nretention: 36d"),
        ("medium: [email]", "medium: [pigeon]"),
    )
    faults = faults_of(read, text)
    expected = ["colour: blue", "retention: 36d", "above: -100ms", "name: extraction-latency\n    kind: ratio"]
    lines = [line_of(text, part) for part in (*expected, "above: 500%", "medium: [pigeon]")]
    assert [fault.line for fault in faults] == lines
    assert str(Faulty(faults)).startswith("6 faults:\n  objectives.yaml:")


@pytest.mark.parametrize("text", ["", "# nothing\n", "[]", "just text", "5", "~"])
def test_a_document_that_is_no_mapping_is_one_fault_that_says_how_to_begin(read: Read, text: str) -> None:
    (fault,) = faults_of(read, text)
    assert "begin with `version: featurewatch/v1`" in fault.remedy


def test_a_mapping_of_nothing_known_names_every_missing_key(read: Read) -> None:
    missing = {fault.what.removesuffix(": missing") for fault in faults_of(read, "{}")}
    assert missing == set(DATA)


def test_what_is_found_is_told_in_short(read: Read) -> None:
    text = changed(("team: feature-platform", f"team: {'x' * 5000}"))
    assert all(len(str(fault)) < 300 for fault in faults_of(read, text))


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))


SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30)),
    st.sampled_from(["100ms", "99ms", "-5s", "85%", "0.5ms", "40/s", "9999d", "critical", "email", "ratio", "events"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
MUTATIONS = st.lists(
    st.tuples(st.sampled_from(list(paths(DATA))), st.none() | st.tuples(VALUES)), min_size=1, max_size=3
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutations=MUTATIONS)
def test_no_change_of_a_valid_document_raises_anything_but_faulty(
    tmp_path: Path, mutations: list[tuple[KeyPath, tuple[Any] | None]]
) -> None:
    data = copy.deepcopy(DATA)
    for path, replacement in mutations:
        if path not in set(paths(data)):
            continue  # an earlier mutation took it away
        parent: Any = data
        for key in path[:-1]:
            parent = parent[key]
        if replacement is None:
            del parent[path[-1]]
        else:
            parent[path[-1]] = replacement[0]
    mutated = tmp_path / "objectives.yaml"
    mutated.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    try:
        loaded = load(mutated)
    except Faulty as error:
        assert error.faults  # noqa: PT017
        assert all("\n" not in str(fault) for fault in error.faults)  # noqa: PT017
    else:
        assert loaded.objectives
