"""The backups of the ledger, so that an executor can tell how old the latest one is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from executor.ledger.schema import Utc

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "backups",
        sa.Column("finished_at", Utc, primary_key=True, server_default=sa.func.clock_timestamp()),
        sa.Column("file", sa.Text, nullable=False),
        comment="the backups that were finished and proved; they are no part of the books, and never restored",
    )
