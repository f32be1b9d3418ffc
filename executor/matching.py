"""Matches resting orders as the market moves: one supervised thread, which also watches the ledger for everyone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from decimal import Decimal

from common.wire import Book
from executor import orders, paper
from executor.errors import LedgerUnavailable
from executor.guardrails.limits import overlaid
from executor.ledger import Resting, Transaction
from executor.metrics import Metrics
from executor.oversight import Oversight
from executor.submit import Desk

log = logging.getLogger(__name__)

PERIOD_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 2.0
SILENCE_SECONDS = 6.0
LONGEST_PASS_SECONDS = 2.0


class Watch:
    """What is known of the ledger's state, so that readiness need not wait for a database that hangs."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._reason: str | None = "the ledger has not answered yet"
        self._answered_at = monotonic()

    def up(self) -> None:
        """The ledger answered."""
        self._reason, self._answered_at = None, self._monotonic()

    def down(self, reason: str) -> None:
        """The ledger did not answer."""
        self._reason = reason

    def reason(self) -> str | None:
        """None when the ledger answered lately, else why it is not ready."""
        silence = self._monotonic() - self._answered_at
        if self._reason is None and silence > SILENCE_SECONDS:
            return f"the ledger has not answered for {silence:.0f} s"
        return self._reason


class Matcher:
    """Prepares the ledger, refreshes the gauges, and, when it is this executor's turn, matches resting orders."""

    def __init__(self, desk: Desk, metrics: Metrics, watch: Watch) -> None:
        self._desk = desk
        self._metrics = metrics
        self._watch = watch
        self._oversight = Oversight(desk, metrics)
        self._last_symbol = ""

    def run(self, stop: threading.Event) -> None:
        """Passes about twice a second until `stop` is set; no failure ends it."""
        pause = PERIOD_SECONDS
        while not stop.wait(pause):
            pause = PERIOD_SECONDS if self.attempt() else min(pause * 2, LONGEST_PAUSE_SECONDS)

    def attempt(self) -> bool:
        """One pass; a failure is logged and counted, and false is returned."""
        try:
            self.pass_once()
        except LedgerUnavailable as error:
            if self._watch.reason() is None:
                log.warning("the ledger went away", extra={"reason": error.message})
            self._watch.down(error.message)
            self._metrics.account.ledger_up.set(0)
        except Exception:
            log.exception("matching failed")
            self._metrics.matcher_failures.inc()
        else:
            return True
        return False

    def pass_once(self) -> None:
        """Raises `LedgerUnavailable`."""
        ledger = self._desk.ledger
        ledger.prepare()
        found = ledger.condition()
        self._metrics.account.show(found)
        if self._watch.reason() is not None:
            log.info("the ledger is ready")
        self._watch.up()
        holder = ledger.turn.mine()
        self._metrics.account.matcher_holder.set(holder)
        self._oversight.look(found, act=holder)
        if holder:
            self._match_all(ledger.resting())

    def _match_all(self, resting: Sequence[Resting]) -> None:
        """Each symbol in turn; when market data is slow, the next pass goes on where this one had to stop."""
        began = self._desk.quotes.monotonic()
        symbols = sorted({order.symbol for order in resting}, key=lambda symbol: (symbol <= self._last_symbol, symbol))
        for symbol in symbols:
            if self._desk.quotes.monotonic() - began > LONGEST_PASS_SECONDS:
                return
            self._last_symbol = symbol
            self._match(symbol, [order for order in resting if order.symbol == symbol])

    def _match(self, symbol: str, resting: Sequence[Resting]) -> None:
        view = self._desk.quotes.look(symbol)
        if not view.listed:
            log.warning("resting orders wait", extra={"symbol": symbol, "reason": "market data knows no such symbol"})
        book = view.book
        if book is None or not _crossing(resting, book):
            return
        with self._desk.ledger.transaction() as transaction:
            age = view.age_seconds(self._desk.quotes.monotonic())
            usable = not (book.stale or book.delayed) and book.phase == "continuous"
            limits = overlaid(self._desk.limits, transaction.controls.limits)
            if not usable or age > limits.quote_stale_seconds:
                return
            for order in _crossing(transaction.resting(symbol), book):
                if transaction.controls.forbids(symbol, order.side) is None:
                    _fill(order, book, transaction)
        self._metrics.count(transaction.changes)


def _crossing(resting: Sequence[Resting], book: Book) -> list[Resting]:
    """The orders that the book's best opposite price reaches, by price, then by age."""
    return sorted(filter(lambda order: _reached(order, book), resting), key=_priority)


def _reached(order: Resting, book: Book) -> bool:
    opposite = book.asks if order.side == "buy" else book.bids
    return bool(opposite) and paper.within(order.side, opposite[0].price, order.limit_price)


def _priority(order: Resting) -> tuple[str, Decimal]:
    return order.side, -order.limit_price if order.side == "buy" else order.limit_price


def _fill(resting: Resting, book: Book, transaction: Transaction) -> None:
    """Fills what the book has for the order, at the order's own price: it was there first, so it pays as a maker."""
    order = transaction.load(resting.order_id)
    percent = transaction.terms(order).maker_fee_percent
    levels = transaction.levels(book, order.side)
    for part in paper.walk(order.side, levels, orders.remaining(order), resting.limit_price):
        fee = paper.fee(resting.limit_price, part.quantity, percent)
        order = transaction.fill(order, resting.limit_price, part.quantity, fee, "maker")
        transaction.consume(book, order.side, part.price, part.quantity)
