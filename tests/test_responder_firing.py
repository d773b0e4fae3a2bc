"""What follows from what was told does not depend on the order in which it was told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from featurewatch.responder.firing import Interval, Told, merge

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def told(start: int, end: int | None = None, fingerprint: str = "a") -> Told:
    return Told(fingerprint, at(start), None if end is None else at(end))


def after(*messages: Told, known: dict[str, list[Interval]] | None = None) -> dict[str, list[Interval]]:
    """All intervals, after each message was taken on its own."""
    state = known or {}
    for message in messages:
        changes = merge({message.fingerprint: state.get(message.fingerprint, [])}, [message])
        kept = {(message.fingerprint, i.started_at): i for i in state.get(message.fingerprint, [])}
        kept |= {key: change.interval for key, change in changes.items()}
        state = state | {message.fingerprint: sorted(kept.values(), key=lambda i: i.started_at)}
    return state


def test_an_alert_fires_and_ends() -> None:
    assert after(told(0), told(0, 9)) == {"a": [Interval(at(0), at(9))]}


def test_an_end_that_comes_first_is_kept_when_the_start_arrives() -> None:
    assert after(told(0, 9), told(0)) == {"a": [Interval(at(0), at(9))]}


def test_a_late_message_of_an_incident_that_is_over_does_not_end_the_next_one() -> None:
    assert after(told(20), told(0, 9)) == {"a": [Interval(at(0), at(9)), Interval(at(20))]}


def test_an_end_ends_every_firing_that_began_before_it() -> None:
    """Two Alertmanagers may tell starts that differ by an evaluation, and only one of them an end."""
    assert after(told(0), told(1), told(0, 9)) == {"a": [Interval(at(0), at(9)), Interval(at(1), at(9))]}


def test_a_clock_that_was_set_back_ends_an_alert_no_earlier_than_it_began() -> None:
    assert after(told(5), told(5, 3)) == {"a": [Interval(at(5), at(5))]}


def test_what_is_new_is_told_apart_from_what_was_known() -> None:
    changes = merge({"a": [Interval(at(0))]}, [told(0, 9), told(20)])
    assert {start: change.new for (_, start), change in changes.items()} == {at(0): False, at(20): True}


incidents = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 20)), min_size=1, max_size=4)


@st.composite
def stories(draw: st.DrawFn) -> list[Told]:
    """What Alertmanager tells of a few firings of two alerts, one after another, repeated."""
    messages = []
    for fingerprint in "ab":
        clock = 0
        for length, pause in draw(incidents):
            start, end = clock + pause + 1, clock + pause + 1 + length
            messages += [told(start, None, fingerprint), told(start, end, fingerprint)]
            clock = end
    return messages + draw(st.lists(st.sampled_from(messages), max_size=8))


@given(stories(), st.randoms())
def test_any_order_and_any_repetition_leave_the_same_behind(story: list[Told], random: st.DataObject) -> None:
    shuffled = list(story)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert after(*shuffled) == after(*story)


@given(stories(), st.data())
def test_it_does_not_matter_how_messages_are_cut(story: list[Told], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(story)))
    state: dict[str, list[Interval]] = {}
    for part in (story[:cut], story[cut:]):
        changes = merge({name: state.get(name, []) for name in {one.fingerprint for one in part}}, part)
        for (name, start), change in changes.items():
            kept = {i.started_at: i for i in state.get(name, [])} | {start: change.interval}
            state[name] = [kept[moment] for moment in sorted(kept)]
    assert state == after(*story)
