"""Matches resting orders where the market has moved, and watches the account, while this executor writes it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from decimal import Decimal

from common.wire import Book, Instrument, Side
from executor import paper
from executor.context import TradingContext
from executor.errors import LedgerUnavailable
from executor.guardrails.limits import overlaid
from executor.ledger.replay import OrderChange
from executor.loss_monitor import LossMonitor
from executor.market.symbol_view import SymbolView
from executor.metrics import Metrics
from executor.writer.open_orders import OpenOrder
from executor.writer.transaction import FilledAs, Transaction

log = logging.getLogger(__name__)

PERIOD_SECONDS = 0.5
LONGEST_PASS_SECONDS = 2.0
FILLED_TOGETHER = 50
"""So many orders are filled in one step: others wait no longer than for these."""
SIDES: tuple[Side, ...] = ("buy", "sell")


class Matcher:
    """Refreshes the gauges, judges losses, and fills what rests, where this executor writes the account."""

    def __init__(self, trading: TradingContext, metrics: Metrics) -> None:
        self._trading = trading
        self._metrics = metrics
        self._losses = LossMonitor(trading, metrics)
        self._last_symbol = ""
        self._pass_at = float("-inf")
        self._moved: set[str] = set()

    def step(self) -> float:
        """Judges losses where marks have moved, and matches the symbols whose books have; twice a second it does all.

        It returns the seconds to pause, and does nothing where another executor writes the account.
        """
        monotonic = self._trading.quotes.monotonic
        try:
            if monotonic() >= self._pass_at:
                self._pass_at = monotonic() + PERIOD_SECONDS
                self.pass_once()
            self._losses.judge_moved()
            while self._moved and monotonic() < self._pass_at:
                self.match(self._moved.pop())
                self._losses.judge_moved()
        except LedgerUnavailable as error:
            self._moved.clear()
            log.debug("nothing is matched", extra={"reason": error.reason})
        pause = max(0.0, self._pass_at - monotonic()) or PERIOD_SECONDS
        return min(pause, self._losses.pause())

    def moved(self, symbol: str) -> bool:
        """Notes that the book of a symbol is another one. Returns true when an order rests there: then look at once."""
        if not self._trading.ledger.rests(symbol):
            return False
        self._moved.add(symbol)
        return True

    def marked(self, instrument: Instrument) -> bool:
        """Notes that the mark of a symbol moved. Returns true when losses must be judged for it."""
        return self._losses.moved(instrument)

    def pass_once(self) -> None:
        """Runs one pass. Raises `LedgerUnavailable`."""
        view = self._trading.ledger.view()
        self._metrics.account.show(view)
        self._losses.check(view)
        self._match_all(sorted({symbol for (symbol, _), count in view.counts.items() if count}))

    def _match_all(self, symbols: Sequence[str]) -> None:
        """Matches symbol by symbol. When market data is slow, the next pass goes on where this one had to stop."""
        monotonic = self._trading.quotes.monotonic
        began = monotonic()
        for symbol in sorted(symbols, key=lambda symbol: (symbol <= self._last_symbol, symbol)):
            if monotonic() - began > LONGEST_PASS_SECONDS:
                return
            self._last_symbol = symbol
            self.match(symbol)
            self._losses.judge_moved()

    def match(self, symbol: str) -> None:
        """Fills the open orders of a symbol that its book reaches. Raises `LedgerUnavailable`."""
        view = self._trading.quotes.look(symbol)
        if not view.listed:
            log.warning("resting orders wait", extra={"symbol": symbol, "reason": "market data knows no such symbol"})
        book = view.book
        if book is None or not any(self._trading.ledger.reaches(symbol, side, _opposite(book, side)) for side in SIDES):
            return
        more = True
        while more:
            changes, more = self._trading.ledger.do(lambda transaction: self._fill_some(transaction, view, book))
            self._metrics.count(changes)
            self._losses.judge_moved()

    def _fill_some(self, transaction: Transaction, view: SymbolView, book: Book) -> tuple[Sequence[OrderChange], bool]:
        """Fills what the book reaches; returns the changes, and true when there may be more."""
        limits = overlaid(self._trading.limits, transaction.controls.limits)
        usable = not (book.stale or book.delayed) and book.phase == "continuous"
        if not usable or view.age_seconds(self._trading.quotes.monotonic()) > limits.quote_stale_seconds:
            return (), False
        how = FilledAs("maker", self._trading.rate(book.quote_currency))
        for side in SIDES:
            opposite = _opposite(book, side)
            if opposite is None or transaction.controls.forbids(book.symbol, side) is not None:
                continue
            if side == "buy" and self._trading.equity.doubts():
                continue
            for resting in transaction.reached(book.symbol, side, opposite):
                # An order that gets nothing has a price as good as those after it: they get nothing, too.
                if not _fill(resting, book, transaction, how):
                    break
                if len(transaction.changes) >= FILLED_TOGETHER:
                    return transaction.changes, True
        return transaction.changes, False


def _opposite(book: Book, side: Side) -> Decimal | None:
    levels = book.asks if side == "buy" else book.bids
    return levels[0].price if levels else None


def _fill(resting: OpenOrder, book: Book, transaction: Transaction, how: FilledAs) -> bool:
    """Fills the order from the book at the order's own price: the order was there first, so it pays as a maker.

    Returns false when the book has nothing for it.
    """
    order, percent = resting.order, resting.terms.maker_fee_percent
    price = order.limit_price
    if price is None:
        return False
    for part in paper.walk(order.side, transaction.levels(book, order.side), resting.remaining, price):
        fee = paper.fee(price, part.quantity, percent)
        order = transaction.fill(order, book, part, price, fee, how)
    return order is not resting.order
