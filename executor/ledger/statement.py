"""One prepared statement on a kept connection: it is sent by one call, and its answer is awaited by another."""

from __future__ import annotations

import select
import time
from collections.abc import Sequence

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus

from executor.ledger.kept import KeptConnection
from executor.ledger.timeouts import BoundedConnection

_LOOK_MS = 100.0
"""So often a wait looks whether the connection was closed from elsewhere."""


class SentStatement:
    """A statement that gives one value. The server works on it from `send` on; `answer` must follow. One at a time.

    It speaks to the driver's own library: the driver's cursors send and wait in one call, and cost more than the rest.
    """

    def __init__(self, connection: KeptConnection, name: str, sql: str) -> None:
        """`sql` has the places `$1`, `$2` … for the values."""
        self._connection, self._name, self._sql = connection, name, sql
        self._prepared_on: BoundedConnection | None = None

    def send(self, values: Sequence[bytes | None]) -> None:
        """Sends the values, as text. Raises `LedgerUnavailable`."""
        with self._connection.use() as driver:
            if self._prepared_on is not driver:
                driver.execute(f"PREPARE {self._name} AS {self._sql}".encode())
                self._prepared_on = driver
            connection, until = driver.pgconn, time.monotonic() + driver.silent
            connection.send_query_prepared(self._name.encode(), values)
            while connection.flush():
                if _await(driver, select.POLLIN | select.POLLOUT, until) & select.POLLIN:
                    connection.consume_input()

    def answer(self) -> bytes | None:
        """Waits for the value, as text; None for NULL.

        Raises `LedgerUnavailable` when none came, and what the server refused as an error of the driver.
        """
        with self._connection.use() as driver:
            connection, until = driver.pgconn, time.monotonic() + driver.silent
            results = []
            while True:
                while connection.is_busy():
                    _await(driver, select.POLLIN, until)
                    connection.consume_input()
                result = connection.get_result()
                if result is None:
                    break
                results.append(result)
            if not results or results[0].status != ExecStatus.TUPLES_OK:
                raise error_from_result(results[0]) if results else psycopg.OperationalError("no answer")
            return results[0].get_value(0, 0)


def _await(driver: BoundedConnection, events: int, until: float) -> int:
    """Returns the events that the connection is ready for. Raises `psycopg.OperationalError` at `until`."""
    while True:
        ready = select.poll()
        ready.register(driver.pgconn.socket, events)
        found = ready.poll(_LOOK_MS)
        if found:
            return found[0][1]
        if time.monotonic() >= until:
            raise driver.too_silent()
