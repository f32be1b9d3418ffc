"""The background readers: one set for all browsers, each in its own thread, so that a slow part delays no other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from common.errors import ServiceError
from web.board import Slot
from web.clients import Canary, Executors, MarketData
from web.following import follow, follow_orders, read_account
from web.inbox import Inbox
from web.knowledge import ORDERS_SHOWN, Knowledge
from web.metrics import Metrics
from web.orderstream import OrderStream
from web.readiness import Probe

log = logging.getLogger(__name__)
T = TypeVar("T")

STREAM_RETRY_SECONDS = 1.0
QUOTES_SECONDS = 2.0
ORDER_STREAM_RETRY_SECONDS = 0.5
ACCOUNT_SECONDS = 5.0
LEAST_PAUSE_SECONDS = 0.5
SLOW_SECONDS = 5.0
INSTRUMENTS_SECONDS = 30.0
INBOX_SECONDS = 1.0
HUNG_SECONDS = 60.0
ALERTS_SHOWN = 25


@dataclass(frozen=True)
class Job:
    """Something to look at every `seconds`, and soon once `hurry` is set; `failed` is told why that did not work."""

    name: str
    upstream: str
    seconds: float
    look: Callable[[], None]
    failed: Callable[[str], None]
    endless: bool = False
    hurry: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Parts:
    """Everybody that is asked."""

    marketdata: MarketData
    executors: Executors
    order_stream: OrderStream
    canary: Canary
    inbox: Inbox
    probes: Mapping[str, Probe]


def jobs(parts: Parts, known: Knowledge, metrics: Metrics) -> list[Job]:
    """What the console looks at, and how often."""

    def fill(name: str, upstream: str, seconds: float, slot: Slot[T], ask: Callable[[], T]) -> Job:
        return Job(name, upstream, seconds, lambda: slot.put(ask()), slot.fail)

    market, canary = parts.marketdata, parts.canary
    return [
        Job(
            "stream",
            "marketdata",
            STREAM_RETRY_SECONDS,
            partial(follow, market, known),
            known.quotes.stream_lost,
            endless=True,
        ),
        Job(
            "quotes",
            "marketdata",
            QUOTES_SECONDS,
            lambda: known.quotes.poll(market.quotes()),
            known.quotes.poll_failed,
        ),
        fill("instruments", "marketdata", INSTRUMENTS_SECONDS, known.instruments, market.instruments),
        *_trading(parts, known),
        fill("canary", "canary", SLOW_SECONDS, known.canary, canary.status),
        fill("evidence", "canary", SLOW_SECONDS, known.evidence, canary.packages),
        fill("alerts", "inbox", INBOX_SECONDS, known.alerts, lambda: tuple(parts.inbox.pressing(ALERTS_SHOWN))),
        fill("alert-counts", "inbox", INBOX_SECONDS, known.alert_counts, parts.inbox.counts),
        fill("heartbeat", "inbox", INBOX_SECONDS, known.heartbeat, parts.inbox.heartbeat),
        *(_service(name, probe, known, metrics) for name, probe in parts.probes.items()),
    ]


def _trading(parts: Parts, known: Knowledge) -> list[Job]:
    """Orders and the account come by the stream. They are read as well, seldom: that bridges what the stream can't, and
    proves that what is shown is still true while nothing happens."""
    asked, every = parts.executors, ACCOUNT_SECONDS
    newest = partial(asked.orders, ORDERS_SHOWN)
    account = partial(read_account, asked.account, known.account)
    read = {
        job.name: job
        for job in (
            Job("orders", "executor", every, partial(known.orders.read, newest), known.orders.fail),
            Job("positions", "executor", every, lambda: known.positions.put(asked.positions()), known.positions.fail),
            Job("account", "executor", every, account, known.account.fail),
            Job("controls", "executor", every, lambda: known.controls.put(asked.controls()), known.controls.fail),
        )
    }
    look = partial(follow_orders, parts.order_stream, known, lambda name: read[name].hurry.set())
    stream = Job("order-stream", "executor", ORDER_STREAM_RETRY_SECONDS, look, _bridged, endless=True)
    return [stream, *read.values()]


def _bridged(_reason: str) -> None:
    """The readers go on, and tell why when they fail too."""


def _service(name: str, probe: Probe, known: Knowledge, metrics: Metrics) -> Job:
    slot = known.services[name]

    def look() -> None:
        state = probe.ask()
        metrics.upstream_up(name, up=state.ready)
        slot.put(state)

    def failed(reason: str) -> None:
        metrics.upstream_up(name, up=False)
        slot.fail(reason)

    return Job(f"service-{name}", name, SLOW_SECONDS, look, failed)


class Watch:
    """Runs the jobs until it is stopped. A job that fails, even unexpectedly, is counted and tried again."""

    def __init__(self, jobs: Sequence[Job], known: Knowledge, metrics: Metrics) -> None:
        self._jobs = jobs
        self._clock = known.clock.monotonic
        self._metrics = metrics
        self._stop = threading.Event()
        self._looked: dict[str, float] = {}

    def start(self) -> None:
        """Starts one daemon thread per job."""
        for job in self._jobs:
            self._looked[job.name] = self._clock()
            threading.Thread(target=self._run, args=(job,), name=f"watch-{job.name}", daemon=True).start()

    def stop(self) -> None:
        """Lets every job end after its present look."""
        self._stop.set()
        for job in self._jobs:
            job.hurry.set()

    def ready(self) -> str | None:
        """Why the page would not move, or None: a job that has not come back for a minute."""
        if not self._looked:
            return "the background readers were not started"
        limit = self._clock() - HUNG_SECONDS
        hung = [job.name for job in self._jobs if not job.endless and self._looked[job.name] < limit]
        return f"no sign of life from: {', '.join(hung)}" if hung else None

    def look(self, job: Job) -> None:
        """One look; never raises."""
        try:
            job.look()
        except ServiceError as failure:
            self._failed(job, failure.message)
        except Exception as failure:
            log.exception("a background reader failed unexpectedly", extra={"job": job.name})
            self._failed(job, f"an unexpected failure ({type(failure).__name__}); it was logged")

    def _failed(self, job: Job, reason: str) -> None:
        self._metrics.upstream_failed(job.upstream)
        job.failed(reason)

    def _run(self, job: Job) -> None:
        while not self._stop.is_set():
            self.look(job)
            self._looked[job.name] = self._clock() + job.seconds
            least = min(job.seconds, LEAST_PAUSE_SECONDS)
            self._stop.wait(least)
            job.hurry.wait(job.seconds - least)
            job.hurry.clear()
