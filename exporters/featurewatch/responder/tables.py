"""What the database holds."""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

from featurewatch.responder.moment import Moment

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraints with names of their own, so that a later migration can find them."""

metadata: Final = MetaData(naming_convention=NAMING)

incidents: Final = Table(
    "incidents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(200), nullable=False),  # what ties firings together; see `incidents`
    Column("name", String(200), nullable=False),  # of the correlation, such as latency-cascade; empty: one alert
    Column("title", Text, nullable=False),
    Column("service", String(200), nullable=False),
    Column("extractor", String(200), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("escalation_level", Integer, nullable=False, server_default="1"),  # the highest that was reached
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("merged_into", Integer, ForeignKey("incidents.id", ondelete="CASCADE")),  # it became part of another one
    Index(None, "key", "started_at"),
    Index(None, "started_at"),
    Index(None, "ended_at"),
    Index(None, "merged_into"),
)

firings: Final = Table(
    "firings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("alertname", String(200), nullable=False),
    Column("service", String(200), nullable=False),
    Column("extractor", String(200), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("category", String(100), nullable=False),
    Column("objective", String(200), nullable=False),
    Column("escalation_level", Integer),
    Column("labels", JSON, nullable=False),
    Column("annotations", JSON, nullable=False),
    Column("source", String(20), nullable=False),
    Column("first_heard_at", Moment, nullable=False),
    Column("last_heard_at", Moment, nullable=False),
    Column("heard", Integer, nullable=False, server_default="1"),  # how often it was told, repeats included
    Column("incident_id", Integer, ForeignKey("incidents.id", ondelete="SET NULL")),
    Column("false_positive", Integer, nullable=False, server_default="0"),  # marked by a person
    UniqueConstraint("fingerprint", "started_at"),
    Index(None, "ended_at", "started_at"),
    Index(None, "started_at"),
    Index(None, "alertname", "service", "extractor", "severity"),
    Index(None, "incident_id"),
)

acknowledgements: Final = Table(
    "acknowledgements",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("firing_id", Integer, ForeignKey("firings.id", ondelete="CASCADE"), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("comment", Text, nullable=False),
    Column("given_at", Moment, nullable=False),
    Column("until", Moment),
    Column("ended_at", Moment),
    Column("ended_by", String(200)),
    Index(None, "firing_id", "ended_at"),
)

transitions: Final = Table(
    "transitions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("kind", String(30), nullable=False),
    Column("firing_id", Integer, ForeignKey("firings.id", ondelete="CASCADE"), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("event", String(64), unique=True),  # which event of Alertmanager's recorder it is; see `events`
    Index(None, "at", "id"),
    Index(None, "kind", "at"),
    Index(None, "firing_id", "kind"),
)
"""The history: everything that happened to a firing, in the order of `at`."""

tokens: Final = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("role", String(20), nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),  # SHA-256 of 32 random bytes: nothing to guess
    Column("created_at", Moment, nullable=False),
    Column("ends_at", Moment),
    Column("revoked_at", Moment),
)

on_call_overrides: Final = Table(
    "on_call_overrides",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("role", String(200), nullable=False),
    Column("person", String(200), nullable=False),
    Column("begins_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("comment", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("withdrawn_at", Moment),
    Column("withdrawn_by", String(200)),
    Index(None, "role", "ends_at"),
)
"""Who has a role instead of whoever the rotation names. Of two that overlap the later made one counts."""

audit: Final = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(30), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("mac", String(64), nullable=False),
    Index(None, "at"),
)
"""Decisions, each chained to the one before it; see `audit`."""

repair_runs: Final = Table(
    "repair_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("action", String(60), nullable=False),
    Column("target", String(60), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("mode", String(10), nullable=False),
    Column("key", String(64), nullable=False, unique=True),  # the target's idempotency key
    Column("state", String(20), nullable=False),
    Column("why", Text, nullable=False),  # of its state
    Column("severity", String(20), nullable=False),  # the worst of what wished for it
    Column("firings", JSON, nullable=False),  # ids of what wished for it; some, when it was a storm
    Column("found", JSON, nullable=False),  # how the target was before
    Column("wished", JSON, nullable=False),
    Column("calls", JSON, nullable=False),
    Column("approver", String(20)),  # the role that must agree
    Column("decided_by", String(200)),  # who agreed, or did not
    Column("rolls_back", Integer, ForeignKey("repair_runs.id")),  # the run that this one takes back
    Column("made_at", Moment, nullable=False),
    Column("called_at", Moment),
    Column("held_at", Moment),  # since when the target has been as wished
    Column("ended_at", Moment),
    Column("holder", String(64)),  # the responder that follows it
    Column("held_until", Moment),  # and until when nobody else may
    Index(None, "action", "made_at"),
    Index(None, "target", "ended_at"),
    Index(None, "ended_at"),
    Index(None, "made_at"),
)
"""What was decided to be called, written before it is; see `repair.run`."""

repair_standings: Final = Table(
    "repair_standings",
    metadata,
    Column("action", String(60), primary_key=True),
    Column("reason", String(30)),  # the guard that holds it back now; null: none does
    Column("why", Text, nullable=False),
    Column("since", Moment),
    Column("switched_on_at", Moment),  # failures before do not count any more
)
"""What is remembered of an action between its runs."""

repair_stops: Final = Table(
    "repair_stops",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("made_at", Moment, nullable=False),
    Column("made_by", String(200), nullable=False),
    Column("comment", Text, nullable=False),
    Column("lifted_at", Moment),
    Column("lifted_by", String(200)),
)
"""The switch that stops every action."""
