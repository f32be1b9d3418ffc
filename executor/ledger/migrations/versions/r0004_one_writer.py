"""One writer: leases, an append that checks the lease, and heads and balances that are checkpoints."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from executor.ledger.schema import Exact, Utc

revision = "0004"
down_revision = "0003"

APPEND = """
CREATE FUNCTION ledger_append(
    in_account text, in_epoch bigint, in_keys text[],
    in_events json, in_postings json, in_fills json, in_orders json, in_changed json, in_anchors json
) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    found_keys text[];
    moved bigint;
BEGIN
    PERFORM FROM leases WHERE leases.account = in_account AND leases.epoch = in_epoch FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another executor writes this account' USING ERRCODE = 'SP001';
    END IF;
    IF cardinality(in_keys) > 0 THEN
        SELECT array_agg(orders.client_order_id) INTO found_keys FROM orders
        WHERE orders.account = in_account AND orders.client_order_id = ANY (in_keys);
        IF found_keys IS NOT NULL THEN
            RETURN found_keys;
        END IF;
    END IF;
    INSERT INTO events SELECT * FROM json_populate_recordset(NULL::events, in_events);
    INSERT INTO postings SELECT * FROM json_populate_recordset(NULL::postings, in_postings);
    INSERT INTO orders SELECT * FROM json_populate_recordset(NULL::orders, in_orders);
    INSERT INTO fills SELECT * FROM json_populate_recordset(NULL::fills, in_fills);
    UPDATE orders SET
        status = row.status, filled_quantity = row.filled_quantity, average_price = row.average_price,
        fees = row.fees, updated_at = row.updated_at, sequence = row.sequence, is_open = row.is_open
    FROM json_to_recordset(in_changed) AS row(
        order_id text, known_sequence bigint, status text, filled_quantity numeric, average_price numeric,
        fees numeric, updated_at timestamptz, sequence bigint, is_open boolean
    )
    WHERE orders.order_id = row.order_id AND orders.sequence = row.known_sequence;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> json_array_length(in_changed) THEN
        RAISE EXCEPTION 'an order is not as it was read' USING ERRCODE = 'SP002';
    END IF;
    IF in_anchors IS NOT NULL THEN
        DELETE FROM anchors WHERE anchors.account = in_account;
        INSERT INTO anchors SELECT * FROM json_populate_recordset(NULL::anchors, in_anchors);
    END IF;
    RETURN NULL;
END
$$
"""

CHECKPOINT = """
CREATE FUNCTION ledger_checkpoint(
    in_account text, in_epoch bigint, in_head json, in_balances json, in_uses json
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM leases WHERE leases.account = in_account AND leases.epoch = in_epoch FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another executor writes this account' USING ERRCODE = 'SP001';
    END IF;
    DELETE FROM accounts WHERE accounts.account = in_account;
    INSERT INTO accounts SELECT * FROM json_populate_recordset(NULL::accounts, in_head);
    DELETE FROM balances WHERE balances.account = in_account;
    INSERT INTO balances SELECT * FROM json_populate_recordset(NULL::balances, in_balances);
    DELETE FROM consumption WHERE consumption.account = in_account;
    INSERT INTO consumption SELECT * FROM json_populate_recordset(NULL::consumption, in_uses);
END
$$
"""
COMMENTS = {
    "accounts": "the latest checkpoint of each account",
    "balances": "the sums of the postings as of the latest checkpoint, recomputed by verify",
    "consumption": "how much of each shown level our own fills used, as of the latest checkpoint; working state",
}


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("backend", sa.Integer, nullable=False),
        sa.Column("heartbeat_at", Utc, nullable=False),
        comment="who writes each account; every append checks the epoch",
    )
    for table, comment in COMMENTS.items():
        op.create_table_comment(table, comment)
    op.drop_table("executions")
    op.drop_index("ix_orders_account_received_at", "orders")
    for name, kind in (("day_base", Exact), ("since", Utc)):
        op.add_column("anchors", sa.Column(name, kind))
    _index_adjustments()
    _index_lists()
    op.execute(APPEND)
    op.execute(CHECKPOINT)


def _index_lists() -> None:
    """Makes the lists of orders and fills cost the same however long the ledger is."""
    op.drop_index("ix_orders_open", "orders")
    op.create_index("ix_orders_open", "orders", ["account", "received_sequence"], postgresql_where=sa.text("is_open"))
    by_status, ended = ["account", "status", "received_sequence"], sa.text("NOT is_open")
    op.create_index("ix_orders_ended", "orders", by_status, postgresql_where=ended)
    by_symbol = ["account", "symbol", "received_sequence"]
    op.create_index("ix_orders_account_symbol_received_sequence", "orders", by_symbol)
    op.create_index("ix_fills_account_sequence", "fills", ["account", "sequence"])


def _index_adjustments() -> None:
    """Makes deposits, withdrawals and write-offs easy to find, by their kind and by the operator's key."""
    adjustments = "kind IN ('deposited', 'withdrawn', 'written_off')"
    rare = adjustments.replace("(", "('opened', 'switched', 'held', 'released', 'limits_set', 'reversed', ")
    op.drop_index("ix_events_rare", "events")
    op.create_index("ix_events_rare", "events", ["account", "kind", "sequence"], postgresql_where=sa.text(rare))
    key = sa.text("(payload::jsonb ->> 'client_key')")
    op.create_index(
        "ux_events_client_key", "events", ["account", key], unique=True, postgresql_where=sa.text(adjustments)
    )
