"""The readers: loops that ask the other services and keep their answers, one set for all browsers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import TypeVar

from common.errors import ServiceError
from common.loop import Loop, Supervisor
from web.alerts import outside
from web.alerts.desk import COMPARE_SECONDS, AlertDesk, unheard
from web.cells import Cell
from web.clients import Canary, Executors, MarketData
from web.following import follow_orders, follow_quotes, read_account
from web.metrics import ConsoleCounters
from web.readiness import ReadinessProbe
from web.state import ORDERS_SHOWN, ConsoleState
from web.streams import OrderStream, QuoteStream

T = TypeVar("T")

QUOTE_STREAM_RETRY_SECONDS = 1.0
ORDER_STREAM_RETRY_SECONDS = 0.5
QUOTES_SECONDS = 2.0
VALUATION_SECONDS = 2.0
ACCOUNT_SECONDS = 5.0
SLOW_SECONDS = 5.0
INSTRUMENTS_SECONDS = 30.0
INBOX_SECONDS = 1.0
AGAIN_SECONDS = 2.0
LEAST_PAUSE_SECONDS = 0.5
SILENT_SECONDS = 60.0
ALERTS_SHOWN = 25


@dataclass(frozen=True)
class Upstreams:
    """Everything that the readers ask.

    marketdata: quotes and instruments.
    quote_stream: the stream of quotes.
    executors: orders, account, valuation and controls.
    order_stream: the stream of orders.
    canary: the verdict and the evidence packages.
    desk: the alerts on disk, and Alertmanager.
    probes: the readiness of every service, by its name.
    outside: the outside heartbeat; None while it is off.
    """

    marketdata: MarketData
    quote_stream: QuoteStream
    executors: Executors
    order_stream: OrderStream
    canary: Canary
    desk: AlertDesk
    probes: Mapping[str, ReadinessProbe]
    outside: outside.OutsideHeartbeat | None


class Readers:
    """Adds the readers to the console's loops.

    A service that does not answer is no failure of the loop: its cell keeps the reason, and the loop asks again.
    """

    def __init__(self, loops: Supervisor, counters: ConsoleCounters) -> None:
        self._loops = loops
        self._counters = counters

    def add(
        self,
        name: str,
        upstream: str,
        every: float,
        read: Callable[[], float | None],
        failed: Callable[[str], None],
        *,
        silent_after: float = SILENT_SECONDS,
        again: float = AGAIN_SECONDS,
    ) -> Loop:
        """Adds a loop that calls `read` every `every` seconds, and `failed` with the reason when that failed.

        `read` may return the seconds to pause instead.
        After a failure it asks again in `again` seconds, so that a service which starts later is soon shown.
        """
        again = min(every, again)

        def step() -> float:
            try:
                pause = read()
            except ServiceError as failure:
                self._counters.upstream_errors.labels(upstream).inc()
                failed(failure.message)
                return again
            return every if pause is None else pause

        def on_failure(error: Exception) -> None:
            failed(f"an unexpected failure ({type(error).__name__}); it was logged")

        return self._loops.add(
            Loop(
                name,
                step,
                silent_after=silent_after,
                least=min(every, LEAST_PAUSE_SECONDS),
                retry=(again, every),
                on_failure=on_failure,
            )
        )

    def add_cell(self, name: str, upstream: str, every: float, cell: Cell[T], ask: Callable[[], T]) -> Loop:
        """Adds a loop that fills a cell with what `ask` returns."""
        return self.add(name, upstream, every, lambda: cell.put(ask()), cell.fail)


def add_readers(loops: Supervisor, asked: Upstreams, state: ConsoleState, counters: ConsoleCounters) -> None:
    """Adds a loop for everything that the console asks."""
    readers = Readers(loops, counters)
    _add_market(readers, asked, state)
    _add_trading(readers, asked, state)
    readers.add_cell("canary", "canary", SLOW_SECONDS, state.canary, asked.canary.status)
    readers.add_cell("evidence", "canary", SLOW_SECONDS, state.evidence, asked.canary.packages)
    readers.add_cell("inbox", "inbox", INBOX_SECONDS, state.inbox, partial(asked.desk.inbox.contents, ALERTS_SHOWN))
    compare = partial(asked.desk.compare, counters.count_dropped)
    alerts = readers.add_cell("alerts", "alertmanager", COMPARE_SECONDS, state.comparison, compare)
    asked.desk.on_news(alerts.wake)
    for name, probe in asked.probes.items():
        readers.add_cell(f"service-{name}", name, SLOW_SECONDS, state.services[name], probe.ask)
    _add_outside(readers, asked.outside, state)


def _add_outside(readers: Readers, heartbeat: outside.OutsideHeartbeat | None, state: ConsoleState) -> None:
    """Adds the outside heartbeat where it is switched on. It may wait: the console is ready without the outside."""
    cell = state.outside
    if heartbeat is None or cell is None:
        return

    def beat() -> float | None:
        accepted = heartbeat.ping(state.inbox.reading, unheard(state.comparison.reading))
        cell.put(accepted)
        return outside.AGAIN_SECONDS if accepted.told == "log" else None

    readers.add(
        "outside-heartbeat",
        "outside",
        outside.PING_SECONDS,
        beat,
        cell.fail,
        silent_after=inf,
        again=outside.AGAIN_SECONDS,
    )


def _add_market(readers: Readers, asked: Upstreams, state: ConsoleState) -> None:
    quotes, market = state.quotes, asked.marketdata
    readers.add(
        "quote-stream",
        "marketdata",
        QUOTE_STREAM_RETRY_SECONDS,
        partial(follow_quotes, asked.quote_stream, quotes),
        quotes.stream_failed,
        silent_after=inf,
    )
    readers.add(
        "quotes", "marketdata", QUOTES_SECONDS, lambda: quotes.update_from_poll(market.quotes()), quotes.poll_failed
    )
    readers.add_cell("instruments", "marketdata", INSTRUMENTS_SECONDS, state.instruments, market.instruments)


def _add_trading(readers: Readers, asked: Upstreams, state: ConsoleState) -> None:
    """Adds the readers of the executors.

    Orders and the account come by the stream. They are also read now and then: that bridges a stream that hangs, and
    proves that what is shown is still true while nothing happens.
    """
    executors = asked.executors
    orders = partial(state.orders.read, partial(executors.orders, ORDERS_SHOWN))
    account = partial(read_account, executors.account, state.account)
    loops = (
        readers.add("orders", "executor", ACCOUNT_SECONDS, orders, state.orders.fail),
        readers.add("account", "executor", ACCOUNT_SECONDS, account, state.account.fail),
        readers.add_cell("valuation", "executor", VALUATION_SECONDS, state.valuation, executors.valuation),
        readers.add_cell("controls", "executor", ACCOUNT_SECONDS, state.controls, executors.controls),
    )
    by_name = {loop.name: loop for loop in loops}
    readers.add(
        "order-stream",
        "executor",
        ORDER_STREAM_RETRY_SECONDS,
        partial(follow_orders, asked.order_stream, state, lambda name: by_name[name].wake()),
        _bridged,
        silent_after=inf,
    )


def _bridged(_reason: str) -> None:
    """Does nothing: the other readers bridge a broken stream, and tell why when they fail too."""
