"""A connection to PostgreSQL that does not wait for ever: a server that hangs keeps sockets open and says nothing."""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout

SILENT_SECONDS = 6.0
"""Longer than the server's own timeouts, which it keeps while it is well."""

T = TypeVar("T")


class ImpatientConnection(psycopg.Connection[Any]):
    """Closes itself when an answer is not there in time, and raises `psycopg.OperationalError`."""

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """The driver asks this for every answer."""
        try:
            return super().wait(gen, interval, SILENT_SECONDS if timeout is None else timeout)
        except _WaitTimeout as error:
            if timeout is not None:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError(f"the server has been silent for {SILENT_SECONDS:g} s") from error
