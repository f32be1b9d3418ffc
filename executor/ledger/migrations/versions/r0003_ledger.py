"""All tables of the ledger. The revisions 0001 and 0002 led to these same tables; they were never released."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from executor.ledger.schema import Exact, Utc

revision = "0003"
down_revision = None


def upgrade() -> None:
    _log()
    _orders()
    _projections()
    _working_state()


def _log() -> None:
    op.create_table(
        "accounts",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("controls", sa.Text, nullable=False, server_default="{}"),
        comment="the head of each account's log",
    )
    op.create_table(
        "events",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text),
        sa.Column("recorded_at", Utc, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("previous_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        comment="append-only; the authority",
    )
    op.create_index("ix_events_order_id", "events", ["order_id"])
    rare = sa.text("kind IN ('opened', 'switched', 'held', 'released', 'limits_set', 'reversed')")
    columns = ["account", "kind", "sequence"]
    op.create_index("ix_events_rare", "events", columns, postgresql_where=rare)
    op.create_table(
        "postings",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("symbol", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("amount", Exact, nullable=False),
        comment="append-only; the postings of one event add up to zero in each unit",
    )


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("client_order_id", sa.Text, nullable=False),
        sa.Column("symbol", sa.Text, nullable=False),
        sa.Column("side", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("time_in_force", sa.Text, nullable=False),
        sa.Column("quantity", Exact, nullable=False),
        sa.Column("limit_price", Exact),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("filled_quantity", Exact, nullable=False),
        sa.Column("average_price", Exact),
        sa.Column("fees", Exact, nullable=False),
        sa.Column("denials", sa.Text, nullable=False),
        sa.Column("received_at", Utc, nullable=False),
        sa.Column("updated_at", Utc, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("received_sequence", sa.BigInteger, nullable=False),
        sa.Column("answered_sequence", sa.BigInteger, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("terms", sa.Text),
        sa.Column("post_only", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("replaces", sa.Text),
        sa.UniqueConstraint("account", "client_order_id", name="uq_orders_account_client_order_id"),
        comment="each order's present state: a projection of its events",
    )
    for column in ("received_sequence", "received_at", "sequence"):
        op.create_index(f"ix_orders_account_{column}", "orders", ["account", column])
    is_open = sa.text("is_open")
    op.create_index("ix_orders_open", "orders", ["account", "symbol"], postgresql_where=is_open)


def _projections() -> None:
    op.create_table(
        "fills",
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("trade_id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("liquidity", sa.Text, nullable=False),
        sa.Column("price", Exact, nullable=False),
        sa.Column("quantity", Exact, nullable=False),
        sa.Column("fee", Exact, nullable=False),
        sa.Column("filled_at", Utc, nullable=False),
        comment="append-only; the fills of each order",
    )
    op.create_table(
        "balances",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("symbol", sa.Text, primary_key=True),
        sa.Column("unit", sa.Text, primary_key=True),
        sa.Column("amount", Exact, nullable=False),
        comment="the sums of the postings: a projection, recomputed by verify",
    )


def _working_state() -> None:
    op.create_table(
        "consumption",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("symbol", sa.Text, primary_key=True),
        sa.Column("side", sa.Text, primary_key=True),
        sa.Column("price", Exact, primary_key=True),
        sa.Column("shown", Exact, nullable=False),
        sa.Column("taken", Exact, nullable=False),
        sa.Column("book_sequence", sa.BigInteger, nullable=False),
        sa.Column("seen_at", Utc, nullable=False),
        comment="how much of each shown level our own fills used; working state, not part of the books",
    )
    op.create_table(
        "anchors",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("day_start", Exact, nullable=False),
        sa.Column("peak", Exact, nullable=False),
        sa.Column("updated_at", Utc, nullable=False),
        comment="the equities that losses are measured from; working state, not part of the books",
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
