"""Writes checkpoints, so that a new writer need not begin at the account's first event."""

from __future__ import annotations

from typing import Any

import psycopg
import sqlalchemy as sa

from common import wire
from executor.errors import LedgerUnavailable
from executor.ledger import writes
from executor.ledger.engine import why
from executor.ledger.kept import KeptConnection
from executor.writer.reign import Checkpoint

_WRITE = "SELECT ledger_checkpoint(%s, %s, %s, %s, %s)"


class Checkpointer:
    """Writes the checkpoints of one account, under one epoch of its lease. One caller at a time."""

    def __init__(self, engine: sa.Engine, account: str, epoch: int) -> None:
        self._connection, self._account, self._epoch = KeptConnection(engine), account, epoch

    def write(self, found: Checkpoint) -> None:
        """Makes a checkpoint durable. Raises `LedgerUnavailable`."""
        view = found.view
        head = {"account": view.name, "sequence": view.sequence, "hash": found.hash}
        head["controls"] = wire.encode(view.controls, order="deterministic").decode()
        balances = writes.balance_rows(view.name, view.balances)
        uses: list[dict[str, Any]] = [
            writes.use_row(view.name, place, price, use)
            for place, levels in found.uses.items()
            for price, use in levels.items()
        ]
        rows = (wire.encode(each).decode() for each in ([head], balances, uses))
        try:
            with self._connection.use() as driver:
                driver.execute(_WRITE, (self._account, self._epoch, *rows))
        except psycopg.Error as error:
            raise LedgerUnavailable(why(error)) from error

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()
