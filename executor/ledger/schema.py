"""The ledger's tables. Money is exact: NUMERIC in PostgreSQL, plain decimal text in SQLite; times are UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from common.decimals import plain_text
from executor.orders import tidy


class Exact(TypeDecorator[Decimal]):
    """A decimal without rounding, in and out."""

    impl = sa.Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else sa.Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> Any:
        if value is None:
            return None
        return plain_text(value) if dialect.name == "sqlite" else tidy(value)

    def process_result_value(self, value: Any, _dialect: sa.Dialect) -> Decimal | None:
        return None if value is None else tidy(Decimal(value))


class Utc(TypeDecorator[datetime]):
    """A time in UTC with microseconds, timezone-aware."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, _dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


metadata = sa.MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s"})

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("controls", sa.Text, nullable=False, server_default="{}"),
    comment="the head of each account's log",
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

_rare = events.c.kind.in_(("opened", "switched", "held", "released", "limits_set", "reversed"))
sa.Index(
    "ix_events_rare", events.c.account, events.c.kind, events.c.sequence, postgresql_where=_rare, sqlite_where=_rare
)

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
    sa.Index("ix_orders_account_received_at", "account", "received_at"),
    sa.Index("ix_orders_account_sequence", "account", "sequence"),
    comment="each order's present state: a projection of its events",
)
sa.Index(
    "ix_orders_open",
    orders.c.account,
    orders.c.symbol,
    postgresql_where=orders.c.is_open,
    sqlite_where=orders.c.is_open,
)

balances = sa.Table(
    "balances",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("symbol", sa.Text, primary_key=True),
    sa.Column("unit", sa.Text, primary_key=True),
    sa.Column("amount", Exact, nullable=False),
    comment="the sums of the postings: a projection, recomputed by verify",
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
    comment="how much of each shown level our own fills used; working state, not part of the books",
)

anchors = sa.Table(
    "anchors",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("day", sa.Text, nullable=False),
    sa.Column("day_start", Exact, nullable=False),
    sa.Column("peak", Exact, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
    comment="the equities that losses are measured from; working state, not part of the books",
)

executions = sa.Table(
    "executions",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("symbol", sa.Text, primary_key=True),
    sa.Column("side", sa.Text, primary_key=True),
    sa.Column("slot", sa.Integer, primary_key=True),
    sa.Column("second", sa.BigInteger, nullable=False),
    sa.Column("orders", sa.BigInteger, nullable=False),
    comment="orders executed in each second of the last minute; working state, not part of the books",
)
