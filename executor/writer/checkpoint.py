"""Checkpoints, so that a new writer need not begin at the account's first event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import psycopg
import sqlalchemy as sa

from common import wire
from executor.errors import LedgerUnavailable
from executor.ledger import writes
from executor.ledger.engine import why
from executor.ledger.kept import KeptConnection
from executor.paper import LevelUse
from executor.writer.open_orders import Place
from executor.writer.state import State
from executor.writer.view import View

CHECKPOINT = "SELECT ledger_checkpoint(%s, %s, %s, %s, %s)"


@dataclass(frozen=True)
class Checkpoint:
    """The account as of one event, with all that a writer needs to begin from there.

    view: the account.
    hash: the hash of its latest event.
    uses: what our own fills used of the levels of books.
    """

    view: View
    hash: str
    uses: Mapping[Place, Mapping[Decimal, LevelUse]]

    @classmethod
    def of(cls, state: State) -> Checkpoint:
        """Returns the account as it is in memory now."""
        uses = {place: dict(levels) for place, levels in state.uses.by_place.items()}
        return cls(View.of(state), state.hash, uses)


class Checkpointer:
    """Writes the checkpoints of one account, under one epoch of its lease. One caller at a time."""

    def __init__(self, engine: sa.Engine, account: str, epoch: int) -> None:
        self._connection, self._account, self._epoch = KeptConnection(engine), account, epoch

    def write(self, found: Checkpoint) -> None:
        """Makes a checkpoint durable. Raises `LedgerUnavailable`."""
        try:
            with self._connection.use() as driver:
                driver.execute(CHECKPOINT, checkpoint_values(self._account, self._epoch, found))
        except psycopg.Error as error:
            raise LedgerUnavailable(why(error)) from error

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()


def checkpoint_values(account: str, epoch: int, found: Checkpoint) -> tuple[str | int, ...]:
    """Returns the values for `CHECKPOINT`: the rows of each table are one JSON text."""
    view = found.view
    head = {"account": account, "sequence": view.sequence, "hash": found.hash}
    head["controls"] = wire.encode(view.controls, order="deterministic").decode()
    uses = [
        writes.use_row(account, place, price, use)
        for place, levels in found.uses.items()
        for price, use in levels.items()
    ]
    rows = (wire.encode(each).decode() for each in ([head], writes.balance_rows(account, view.balances), uses))
    return (account, epoch, *rows)
