"""One work on every account of the ledger, in one transaction: all are changed, or none is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from common.clock import Clock
from executor.ledger.append import APPEND, values_of
from executor.writer.batch import Batch
from executor.writer.checkpoint import CHECKPOINT, Checkpoint, checkpoint_values
from executor.writer.load import load
from executor.writer.state import State
from executor.writer.transaction import Transaction

_LOCK = "SELECT epoch FROM leases WHERE account = %(account)s FOR UPDATE"
_RAISE = (
    "INSERT INTO leases (account, epoch, holder, address, backend, heartbeat_at) "
    "VALUES (%(account)s, 1 + floor(random() * 1e12), '', '', 0, clock_timestamp()) "
    "ON CONFLICT (account) DO UPDATE SET epoch = leases.epoch + 1 RETURNING epoch"
)


def do_everywhere(
    connection: sa.Connection, accounts: Sequence[str], work: Callable[[Transaction], object], clock: Clock
) -> None:
    """Does a work on accounts, in their order, on an open transaction.

    Each lease gets a new epoch, so that whoever writes the account is refused, and loads it anew.
    """
    for account in accounts:
        about = {"account": account}
        connection.exec_driver_sql(_LOCK, about).all()
        epoch = connection.exec_driver_sql(_RAISE, about).scalar_one()
        found = load(connection, account, clock.now(), lambda _: 0.0)
        if found is None:
            continue
        state, batch = State(found, clock.monotonic()), Batch()
        work(Transaction(state, batch, clock.now(), clock.monotonic()))
        values = values_of(account, epoch, batch.to_append(state.anchors))
        connection.exec_driver_sql(APPEND, tuple(None if value is None else value.decode() for value in values))
        connection.exec_driver_sql(CHECKPOINT, checkpoint_values(account, epoch, Checkpoint.of(state)))
