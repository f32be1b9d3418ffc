"""The account's controls around its kill switch; anchors of its equity; what was executed lately; orders by event."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from executor.ledger.schema import Exact, Utc

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _controls()
    op.create_table(
        "anchors",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("day_start", Exact, nullable=False),
        sa.Column("peak", Exact, nullable=False),
        sa.Column("updated_at", Utc, nullable=False),
        comment="what the account was worth as the day began, and at most; working state, not part of the books",
    )
    op.create_table(
        "executions",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("symbol", sa.Text, primary_key=True),
        sa.Column("side", sa.Text, primary_key=True),
        sa.Column("slot", sa.Integer, primary_key=True),
        sa.Column("second", sa.BigInteger, nullable=False),
        sa.Column("orders", sa.BigInteger, nullable=False),
        comment="orders executed in each second of the last minute; working state, not part of the books",
    )
    op.create_index("ix_orders_account_sequence", "orders", ["account", "sequence"])
    rare = sa.text("kind IN ('opened', 'switched', 'held', 'released', 'limits_set', 'reversed')")
    columns = ["account", "kind", "sequence"]
    op.create_index("ix_events_rare", "events", columns, postgresql_where=rare, sqlite_where=rare)


def _controls() -> None:
    op.add_column("accounts", sa.Column("controls", sa.Text, nullable=False, server_default="{}"))
    names = ("account", "kill_switch", "kill_reason", "controls")
    accounts = sa.table("accounts", *(sa.column(name) for name in names))
    connection = op.get_bind()
    for row in connection.execute(sa.select(accounts).where(accounts.c.kill_switch)).all():
        controls = json.dumps({"switches": {"account": row.kill_reason}})
        connection.execute(sa.update(accounts).where(accounts.c.account == row.account).values(controls=controls))
    op.drop_column("accounts", "kill_switch")
    op.drop_column("accounts", "kill_reason")
