"""Automatic repair: runs of actions, what is remembered of each action, and the switch that stops all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "repair_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column("firings", sa.JSON(), nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("wished", sa.JSON(), nullable=False),
        sa.Column("calls", sa.JSON(), nullable=False),
        sa.Column("approver", sa.String(length=20), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("rolls_back", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("called_at", sa.BigInteger(), nullable=True),
        sa.Column("held_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("holder", sa.String(length=64), nullable=True),
        sa.Column("held_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["rolls_back"], ["repair_runs.id"], name=op.f("fk_repair_runs_rolls_back")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_runs")),
        sa.UniqueConstraint("key", name=op.f("uq_repair_runs_key")),
    )
    op.create_index(op.f("ix_repair_runs_action_made_at"), "repair_runs", ["action", "made_at"], unique=False)
    op.create_index(op.f("ix_repair_runs_target_ended_at"), "repair_runs", ["target", "ended_at"], unique=False)
    op.create_index(op.f("ix_repair_runs_ended_at"), "repair_runs", ["ended_at"], unique=False)
    op.create_index(op.f("ix_repair_runs_made_at"), "repair_runs", ["made_at"], unique=False)
    op.create_table(
        "repair_standings",
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.String(length=30), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("switched_on_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("action", name=op.f("pk_repair_standings")),
    )
    op.create_table(
        "repair_stops",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.Column("lifted_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_stops")),
    )
