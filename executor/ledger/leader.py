"""The executor that leads, which is to match resting orders: one at a time holds a lock on a connection of its own."""

from __future__ import annotations

import sqlalchemy as sa

from executor.errors import LedgerUnavailable
from executor.ledger.engine import AWAY, lock_key, why


class MatchingLeader:
    """The right to match resting orders, which one executor holds at a time.

    PostgreSQL frees the lock when its holder's connection ends, so another executor takes over by itself.
    In SQLite every executor may lead: each match is one exclusive transaction, and the second finds nothing left to do.
    """

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self._engine = engine
        self._key = lock_key(name)
        self._connection: sa.Connection | None = None

    def leads(self) -> bool:
        """Returns true when this executor leads; it takes the lead when that is free. Raises `LedgerUnavailable`."""
        if self._engine.dialect.name != "postgresql":
            return True
        try:
            return self._holds() or self._acquire()
        except AWAY as error:
            raise LedgerUnavailable(why(error)) from error

    def resign(self) -> None:
        """Ends the connection, and with it the lock."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _holds(self) -> bool:
        if self._connection is None:
            return False
        try:
            self._connection.execute(sa.select(1))
        except AWAY:
            self.resign()
        return self._connection is not None

    def _acquire(self) -> bool:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.execute(sa.select(sa.func.pg_try_advisory_lock(self._key))).scalar_one():
            self._connection = connection
            return True
        connection.close()
        return False
