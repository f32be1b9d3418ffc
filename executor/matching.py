"""Matches resting orders as the market moves; the matcher's pass also watches the ledger and the account."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from decimal import Decimal

from common.wire import Book
from executor import orders, paper
from executor.context import TradingContext
from executor.errors import LedgerUnavailable
from executor.guardrails.limits import overlaid
from executor.health import LedgerHealth
from executor.ledger import RestingOrder, Transaction
from executor.loss_monitor import LossMonitor
from executor.metrics import Metrics

log = logging.getLogger(__name__)

PERIOD_SECONDS = 0.5
RETRY_SECONDS = 1.0
LONGEST_PASS_SECONDS = 2.0


class Matcher:
    """Prepares the ledger, refreshes the gauges, and, where this executor leads, matches resting orders."""

    def __init__(self, trading: TradingContext, metrics: Metrics, health: LedgerHealth) -> None:
        self._trading = trading
        self._metrics = metrics
        self._health = health
        self._losses = LossMonitor(trading, metrics)
        self._last_symbol = ""

    def step(self) -> float:
        """Runs one pass and returns the seconds to pause after it. A ledger that is away is noted, not raised."""
        try:
            self.pass_once()
        except LedgerUnavailable as error:
            self._health.failed(error.message)
            self._metrics.account.ledger_up.set(0)
            return RETRY_SECONDS
        return PERIOD_SECONDS

    def pass_once(self) -> None:
        """Runs one pass. Raises `LedgerUnavailable`."""
        ledger = self._trading.ledger
        ledger.prepare()
        state = ledger.account_state()
        self._metrics.account.show(state)
        self._health.answered()
        leads = ledger.leader.leads()
        self._metrics.account.matcher_holder.set(leads)
        self._losses.check(state, act=leads)
        resting = ledger.resting_orders() if leads else []
        self._metrics.account.show_resting(order.symbol for order in resting)
        self._match_all(resting)

    def _match_all(self, resting: Sequence[RestingOrder]) -> None:
        """Matches symbol by symbol. When market data is slow, the next pass goes on where this one had to stop."""
        monotonic = self._trading.quotes.monotonic
        began = monotonic()
        symbols = sorted({order.symbol for order in resting}, key=lambda symbol: (symbol <= self._last_symbol, symbol))
        for symbol in symbols:
            if monotonic() - began > LONGEST_PASS_SECONDS:
                return
            self._last_symbol = symbol
            self._match(symbol, [order for order in resting if order.symbol == symbol])

    def _match(self, symbol: str, resting: Sequence[RestingOrder]) -> None:
        view = self._trading.quotes.look(symbol)
        if not view.listed:
            log.warning("resting orders wait", extra={"symbol": symbol, "reason": "market data knows no such symbol"})
        book = view.book
        if book is None or not _crossing(resting, book):
            return
        with self._trading.ledger.transaction() as transaction:
            age = view.age_seconds(self._trading.quotes.monotonic())
            usable = not (book.stale or book.delayed) and book.phase == "continuous"
            limits = overlaid(self._trading.limits, transaction.controls.limits)
            if not usable or age > limits.quote_stale_seconds:
                return
            for order in _crossing(transaction.resting_orders(symbol), book):
                if transaction.controls.forbids(symbol, order.side) is None:
                    _fill(order, book, transaction)
        self._metrics.count(transaction.changes)


def _crossing(resting: Sequence[RestingOrder], book: Book) -> list[RestingOrder]:
    """Returns the orders that the book's best opposite price reaches, by price, then by age."""
    return sorted(filter(lambda order: _reached(order, book), resting), key=_priority)


def _reached(order: RestingOrder, book: Book) -> bool:
    opposite = book.asks if order.side == "buy" else book.bids
    return bool(opposite) and paper.within(order.side, opposite[0].price, order.limit_price)


def _priority(order: RestingOrder) -> tuple[str, Decimal]:
    return order.side, -order.limit_price if order.side == "buy" else order.limit_price


def _fill(resting: RestingOrder, book: Book, transaction: Transaction) -> None:
    """Fills the order from the book at the order's own price: the order was there first, so it pays as a maker."""
    order = transaction.load(resting.order_id)
    percent = transaction.terms(order).maker_fee_percent
    levels = transaction.levels(book, order.side)
    for part in paper.walk(order.side, levels, orders.remaining(order), resting.limit_price):
        fee = paper.fee(resting.limit_price, part.quantity, percent)
        order = transaction.fill(order, resting.limit_price, part.quantity, fee, "maker")
        transaction.consume(book, order.side, part.price, part.quantity)
