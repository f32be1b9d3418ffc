"""A connection that runs, at a pace that tests can wait for."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from common.clock import SYSTEM_CLOCK
from common.loop import Stop, Supervisor
from marketdata.counters import Counters
from marketdata.link.connection import VenueConnection, VenueSocket
from marketdata.link.dial import LinkTimings
from marketdata.link.dial_limits import Backoff, DialGuard, DialLimits
from marketdata.link.inbox import Arrival, Inbox
from marketdata.outbound import Access
from tests.marketdata.rig import QUICK

QUIET = replace(QUICK, ping_interval=60.0, ping_timeout=20.0, silence=60.0)
LONG = 20.0


@contextmanager
def running(
    url: str,
    timings: LinkTimings = QUICK,
    *,
    guard: DialGuard | None = None,
    backoff: Backoff | None = None,
    headers: Callable[[], Mapping[str, str]] = dict,
    heartbeat: Callable[[], str] | None = None,
    first_delay: float = 0.0,
    access: Access | None = None,
    retreat: Backoff | None = None,
) -> Iterator[tuple[VenueConnection, Inbox, Counters]]:
    counters, loops = Counters(), Supervisor(Stop())
    inbox = Inbox(1_000, counters, lambda _payload: ("plain", ""))
    backoff, retreat = (each or Backoff(0.01, 0.05, lambda _low, high: high) for each in (backoff, retreat))
    connection = VenueConnection(
        VenueSocket("test", url, headers, heartbeat, access or Access()),
        inbox=inbox,
        counters=counters,
        timings=timings,
        limits=DialLimits(backoff, guard or DialGuard(100, 60.0), first_delay, retreat),
        clock=SYSTEM_CLOCK,
        stop=loops.stop_signal,
    )
    for loop in connection.loops:
        loops.add(loop)
    loops.start()
    try:
        yield connection, inbox, counters
    finally:
        loops.stop()


def next_arrival(inbox: Inbox) -> Arrival:
    arrivals = inbox.pop(LONG, 1)
    assert arrivals, "nothing arrived in time"
    return arrivals[0]


def is_alive(connection: VenueConnection, counters: Counters, life: int) -> bool:
    return connection.connected and counters.attempts["open"] == life


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port: int = closed.getsockname()[1]
    return port
