"""The first tables: accounts, events, postings, fills, orders, balances, consumption."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from executor.ledger.schema import Exact, Utc

revision = "0001"
down_revision = None


def upgrade() -> None:
    _log()
    _orders()
    _projections()


def _log() -> None:
    op.create_table(
        "accounts",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("kill_switch", sa.Boolean, nullable=False),
        sa.Column("kill_reason", sa.Text, nullable=False),
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
        sa.UniqueConstraint("account", "client_order_id", name="uq_orders_account_client_order_id"),
        comment="each order's present state: a projection of its events",
    )
    op.create_index("ix_orders_account_received_sequence", "orders", ["account", "received_sequence"])
    is_open = sa.text("is_open")
    op.create_index("ix_orders_open", "orders", ["account", "symbol"], postgresql_where=is_open, sqlite_where=is_open)


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
        comment="append-only; what each order got",
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
        comment="how much of each shown level our own fills used up; working state, not part of the books",
    )
