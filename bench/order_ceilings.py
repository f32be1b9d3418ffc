"""What orders are measured beside: a door that does nothing, and a database transaction around nothing."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import psycopg
from flask import Flask, Response, request

ANSWER_BYTES = 640
LOCK = 1


def door() -> Flask:
    """Reads a JSON body and answers 201 with as many bytes as an order has; under the server of production."""
    app = Flask(__name__)
    padding = "x" * ANSWER_BYTES

    @app.post("/v1/orders")
    def post() -> Response:
        body: dict[str, Any] = json.loads(request.get_data())
        return Response(json.dumps({**body, "padding": padding}), 201, content_type="application/json")

    return app


class Loop:
    """A client of the database: one transaction after the other, each under one lock, with a row appended and a head
    moved, as every order needs at the least."""

    def __init__(self, dsn: str, number: int) -> None:
        self.done = 0
        self._dsn, self._number = dsn, number

    def run(self, begin: float, end: float) -> None:
        """Commits until `end`; those after `begin` count."""
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while (now := time.monotonic()) < end:
                with connection.transaction():
                    connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
                    connection.execute("UPDATE bare_head SET sequence = sequence + 1")
                    connection.execute("INSERT INTO bare_log (payload) VALUES (%s)", ("x" * ANSWER_BYTES,))
                self.done += now >= begin


def transactions_per_second(dsn: str, clients: int, seconds: float) -> float:
    """How many bare transactions so many clients get durable."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bare_log (sequence bigserial PRIMARY KEY, payload text)")
        connection.execute("CREATE TABLE IF NOT EXISTS bare_head (sequence bigint)")
        connection.execute("INSERT INTO bare_head SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM bare_head)")
    begin = time.monotonic() + 0.5
    loops = [Loop(dsn, number) for number in range(clients)]
    threads = [threading.Thread(target=loop.run, args=(begin, begin + seconds)) for loop in loops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(loop.done for loop in loops) / seconds
