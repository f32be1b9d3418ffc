"""Orders that never take, and orders that take the place of another one; when orders came, for limits on their rate."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("orders", sa.Column("post_only", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("orders", sa.Column("replaces", sa.Text))
    op.create_index("ix_orders_account_received_at", "orders", ["account", "received_at"])
