"""A connection to PostgreSQL with a time limit on every answer: a server that hangs keeps its sockets open."""

from __future__ import annotations

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout

SILENT_SECONDS = 6.0
"""Longer than the server's own timeouts, which a healthy server keeps."""

T = TypeVar("T")


class BoundedConnection(psycopg.Connection[Any]):
    """Closes itself when an answer does not come in time, and raises `psycopg.OperationalError`."""

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Waits for one answer; the driver calls this for every one."""
        try:
            return super().wait(gen, interval, SILENT_SECONDS if timeout is None else timeout)
        except _WaitTimeout as error:
            if timeout is not None:
                raise
            raise silent(self) from error


def silent(connection: psycopg.Connection[Any]) -> psycopg.OperationalError:
    """Closes a connection whose server has said nothing for too long; returns the error that says so."""
    connection.pgconn.finish()
    return psycopg.OperationalError(f"the server has been silent for {SILENT_SECONDS:g} s")
