"""A connection that runs, at a pace that tests can wait for."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from marketdata.link.connection import Connection, Timings
from marketdata.link.inbox import Arrival, Inbox
from marketdata.link.dial_limits import Backoff, DialGuard
from marketdata.counters import Tally
from tests.marketdata.rig import QUICK

QUIET = replace(QUICK, ping_interval=60.0, ping_timeout=20.0, silence=60.0)
LONG = 20.0


@contextmanager
def running(
    url: str,
    timings: Timings = QUICK,
    *,
    guard: DialGuard | None = None,
    backoff: Backoff | None = None,
    headers: Callable[[], Mapping[str, str]] | None = None,
    heartbeat: Callable[[], str] | None = None,
    first_delay: float = 0.0,
) -> Iterator[tuple[Connection, Inbox, Tally]]:
    tally = Tally()
    inbox = Inbox(1_000, tally)
    connection = Connection(
        url,
        inbox=inbox,
        tally=tally,
        timings=timings,
        backoff=backoff or Backoff(0.01, 0.05, lambda _low, high: high),
        guard=guard or DialGuard(100, 60.0),
        clock=time.monotonic,
        wall_clock=time.time,
        headers=headers,
        heartbeat=heartbeat,
        first_delay=first_delay,
    )
    connection.start()
    try:
        yield connection, inbox, tally
    finally:
        connection.stop()


def next_arrival(inbox: Inbox) -> Arrival:
    arrivals = inbox.take(LONG, 1)
    assert arrivals, "nothing arrived in time"
    return arrivals[0]


def is_alive(connection: Connection, tally: Tally, life: int) -> bool:
    return connection.connected and tally.attempts["open"] == life


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port: int = closed.getsockname()[1]
    return port
