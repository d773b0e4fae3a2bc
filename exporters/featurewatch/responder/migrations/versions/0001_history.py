"""The history of alerts, acknowledgements, incidents and tokens."""

from __future__ import annotations

from alembic import op

from featurewatch.responder.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())
