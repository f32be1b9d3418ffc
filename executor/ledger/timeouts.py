"""A connection to PostgreSQL with a time limit on every answer: a server that hangs keeps its sockets open."""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout

from executor.ledger.timings import LEDGER_TIMINGS

T = TypeVar("T")


class BoundedConnection(psycopg.Connection[Any]):
    """Closes itself when an answer does not come in time, and raises `psycopg.OperationalError`.

    silent: seconds for which an answer is waited for.
    """

    silent: float = LEDGER_TIMINGS.silent

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Waits for one answer; the driver calls this for every one."""
        try:
            return super().wait(gen, interval, self.silent if timeout is None else timeout)
        except _WaitTimeout as error:
            if timeout is not None:
                raise
            raise self.too_silent() from error

    def too_silent(self) -> psycopg.OperationalError:
        """Closes the connection; returns the error that says why."""
        self.pgconn.finish()
        return psycopg.OperationalError(f"the server has been silent for {self.silent:g} s")
