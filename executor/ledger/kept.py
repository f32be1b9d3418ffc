"""A connection that is kept: opened on first use, closed after any failure, opened anew by the next use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa

from executor.errors import LedgerUnavailable
from executor.ledger.engine import why
from executor.ledger.timeouts import BoundedConnection


class KeptConnection:
    """One connection that commits each statement, of an engine with time limits.

    One caller at a time uses it. Any thread may close it, also while it is used: that use then fails.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None
        self._taking = threading.Lock()

    @property
    def is_open(self) -> bool:
        """True while a connection is open, as far as is known."""
        return self._connection is not None

    @contextmanager
    def use(self) -> Iterator[BoundedConnection]:
        """Lends the connection. Raises `LedgerUnavailable` for its failures, and those of statements as they are."""
        try:
            connection = self._connection
            if connection is None:
                connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                self._connection = connection
            yield connection.connection.driver_connection  # type: ignore[misc]
        except (psycopg.OperationalError, psycopg.InterfaceError, sa.exc.SQLAlchemyError) as error:
            self.close()
            raise LedgerUnavailable(why(error)) from error
        except psycopg.Error:
            raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends the connection, and with it every lock of its session."""
        with self._taking:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()
