"""The ledger's tables. Money is exact, times are UTC."""

from __future__ import annotations

import sqlalchemy as sa

from executor.ledger.events import ADJUSTMENT_KINDS, RARE_KINDS

Exact = sa.Numeric()
"""A decimal without rounding, in and out."""
Utc = sa.DateTime(timezone=True)
"""A time with microseconds. Sessions read it in UTC."""

metadata = sa.MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s"})

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("controls", sa.Text, nullable=False, server_default="{}"),
    comment="the latest checkpoint of each account",
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text, index=True),
    sa.Column("recorded_at", Utc, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("previous_hash", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    comment="append-only; the authority",
)

_rare = events.c.kind.in_(RARE_KINDS)
sa.Index("ix_events_rare", events.c.account, events.c.kind, events.c.sequence, postgresql_where=_rare)

IS_ADJUSTMENT = events.c.kind.in_([sa.literal_column(f"'{kind}'") for kind in ADJUSTMENT_KINDS])
CLIENT_KEY: sa.ColumnElement[str] = sa.literal_column("(payload::jsonb ->> 'client_key')", sa.Text)
sa.Index("ux_events_client_key", events.c.account, CLIENT_KEY, unique=True, postgresql_where=IS_ADJUSTMENT)

postings = sa.Table(
    "postings",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("symbol", sa.Text, nullable=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("amount", Exact, nullable=False),
    comment="append-only; the postings of one event add up to zero in each unit",
)

fills = sa.Table(
    "fills",
    metadata,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("trade_id", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("liquidity", sa.Text, nullable=False),
    sa.Column("price", Exact, nullable=False),
    sa.Column("quantity", Exact, nullable=False),
    sa.Column("fee", Exact, nullable=False),
    sa.Column("filled_at", Utc, nullable=False),
    sa.Index("ix_fills_account_sequence", "account", "sequence"),
    comment="append-only; the fills of each order",
)

orders = sa.Table(
    "orders",
    metadata,
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
    sa.Index("ix_orders_account_received_sequence", "account", "received_sequence"),
    sa.Index("ix_orders_account_sequence", "account", "sequence"),
    sa.Index("ix_orders_account_symbol_received_sequence", "account", "symbol", "received_sequence"),
    comment="each order's present state: a projection of its events",
)
sa.Index(
    "ix_orders_open",
    orders.c.account,
    orders.c.received_sequence,
    postgresql_where=orders.c.is_open,
)
sa.Index(
    "ix_orders_ended",
    orders.c.account,
    orders.c.status,
    orders.c.received_sequence,
    postgresql_where=sa.not_(orders.c.is_open),
)

balances = sa.Table(
    "balances",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("symbol", sa.Text, primary_key=True),
    sa.Column("unit", sa.Text, primary_key=True),
    sa.Column("amount", Exact, nullable=False),
    comment="the sums of the postings as of the latest checkpoint, recomputed by verify",
)

consumption = sa.Table(
    "consumption",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("symbol", sa.Text, primary_key=True),
    sa.Column("side", sa.Text, primary_key=True),
    sa.Column("price", Exact, primary_key=True),
    sa.Column("shown", Exact, nullable=False),
    sa.Column("taken", Exact, nullable=False),
    sa.Column("book_sequence", sa.BigInteger, nullable=False),
    sa.Column("seen_at", Utc, nullable=False),
    comment="how much of each shown level our own fills used, as of the latest checkpoint; working state",
)

anchors = sa.Table(
    "anchors",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("day", sa.Text, nullable=False),
    sa.Column("day_start", Exact, nullable=False),
    sa.Column("peak", Exact, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
    sa.Column("day_base", Exact),
    sa.Column("since", Utc),
    comment="the equities that losses are measured from; working state, not part of the books",
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("backend", sa.Integer, nullable=False),
    sa.Column("heartbeat_at", Utc, nullable=False),
    comment="who writes each account; every append checks the epoch",
)

backups = sa.Table(
    "backups",
    metadata,
    sa.Column("finished_at", Utc, primary_key=True, server_default=sa.func.clock_timestamp()),
    sa.Column("file", sa.Text, nullable=False),
    comment="the backups that were finished and proved; they are no part of the books, and never restored",
)
