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
