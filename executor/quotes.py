"""The client of market data: a symbol's book and instrument with their age, and the marks of all symbols."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import TypeVar

from common import answers, wire
from common.client import JsonClient
from common.errors import Unavailable
from executor.kept_marks import KeptMarks
from executor.market.copy import MarketCopy, Quoted
from executor.market.reach import Reach
from executor.market.symbol_view import SymbolView
from executor.timing import StageMetrics, StageTimer
from executor.valuation import Mark, Marks, mark_of, pair

T = TypeVar("T")

log = logging.getLogger(__name__)

DEPTH = 100
INSTRUMENTS_SECONDS = 5.0
"""A new tick or a halt is seen within this time and the one that market data takes for it."""
UNKNOWN_SECONDS = 1.0


class QuoteClient:
    """Looks at the copy of the market, and asks market data through `client` where the copy can't be relied on.

    Instruments that were asked for are kept for five seconds and outlive an outage. While market data does not answer
    its follower, nothing is asked: `reach` says so.
    """

    def __init__(
        self,
        client: JsonClient,
        market: wire.Market,
        monotonic: Callable[[], float],
        stages: StageMetrics,
        copy: MarketCopy,
        reach: Reach,
    ) -> None:
        self.monotonic = monotonic
        self._client, self._market, self._stages, self._copy = client, market, stages, copy
        self._reach = reach
        self._instruments: dict[str, wire.Instrument] = {}
        self._read_at: float | None = None
        self._kept = KeptMarks()
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._flights: dict[str, Future[SymbolView]] = {}

    def at_hand(self, symbol: str) -> SymbolView | None:
        """Returns the symbol as `look`, without any wait; None while the copy can't be relied on."""
        return self._copy.look(symbol, self.monotonic())

    def look(self, symbol: str) -> SymbolView:
        """Returns the symbol's book and instrument, as far as market data gives them.

        Nothing is asked while the copy can be relied on. Calls that come while one asks for the same symbol share its
        answer; the age counts from when it was asked for.
        """
        at_hand = self.at_hand(symbol)
        if at_hand is not None:
            return at_hand
        with self._lock:
            flight = self._flights.get(symbol)
            leads = flight is None
            if flight is None:
                flight = self._flights[symbol] = Future()
        timer = StageTimer(self._stages)
        if leads:
            try:
                flight.set_result(self._ask(symbol))
            except BaseException as error:
                flight.set_exception(error)
                raise
            finally:
                with self._lock:
                    del self._flights[symbol]
        view = flight.result()
        timer.end("quote")
        return view

    def _ask(self, symbol: str) -> SymbolView:
        instrument = self._instrument(symbol)
        asked_at = self.monotonic()
        try:
            book = self._get(f"/v1/books/{symbol}?depth={DEPTH}", wire.Book)
        except Unavailable as error:
            log.warning("no book", extra={"symbol": symbol, "reason": error.message})
            return SymbolView(symbol, None, instrument, asked_at)
        if book is None:
            return SymbolView(symbol, None, instrument, asked_at, listed=False)
        if book.market != self._market or book.symbol != symbol:
            log.error("market data gave another book", extra={"symbol": symbol, "got": book.symbol, "of": book.market})
            return SymbolView(symbol, None, instrument, asked_at)
        return SymbolView(symbol, book, instrument, asked_at - book.age_seconds)

    def marks(self) -> Marks:
        """Returns the marks of all symbols; the last ones, and the reason, where market data gives none any more."""
        asked_at = self.monotonic()
        return self._kept.filled(self._marks(), asked_at)

    def renewed(self, marks: Marks, symbols: Iterable[str], pairs: Iterable[tuple[str, str]]) -> Marks | None:
        """Returns marks with those of some symbols, and of some pairs of currencies, as the copy has them now.

        Nothing is asked, and the other marks cost nothing. It returns None while the copy can't be relied on.
        """
        now = self.monotonic()
        at_hand = self._copy.quotes(now, symbols)
        if at_hand is None:
            return None
        for one, other in pairs:
            at_hand += self._copy.pair(one, other, now)
        newest = _marks_of(at_hand)
        self._kept.note(newest, now)
        return Marks({**marks.by_symbol, **newest.by_symbol}, marks.absence)

    def _marks(self) -> Marks:
        at_hand = self._copy.quotes(self.monotonic())
        if at_hand is not None:
            return _marks_of(at_hand)
        try:
            answer = self._get("/v1/quotes", answers.Quotes)
        except Unavailable as error:
            return Marks({}, error.message)
        marks: dict[str, Mark] = {}
        for quote in answer.quotes if answer else ():
            instrument = self._instrument(quote.symbol) if quote.market == self._market else None
            mark = mark_of(quote, instrument, quote.age_seconds) if instrument is not None else None
            if mark is not None:
                marks[quote.symbol] = mark
        return Marks(marks)

    def pair(self, unit: str, currency: str) -> Mark | None:
        """Returns the mark of the pair of two currencies as the copy of the market has it. Nothing is asked."""
        at_hand = self._copy.pair(unit, currency, self.monotonic())
        marks = (mark_of(quote, instrument, age) for quote, instrument, age in at_hand)
        return pair((mark for mark in marks if mark is not None), unit, currency)

    def trouble(self) -> str | None:
        """Returns why market data can't be relied on; None when it has at least one fresh quote."""
        at_hand = self._copy.quotes(self.monotonic())
        if at_hand is not None:
            quotes = tuple(quote for quote, _, _ in at_hand)
        else:
            try:
                answer = self._get("/v1/quotes", answers.Quotes)
            except Unavailable as error:
                return error.message
            quotes = answer.quotes if answer else ()
        if not quotes:
            return "market data has no quotes yet"
        fresh = sum(not quote.stale for quote in quotes)
        return None if fresh else f"all {len(quotes)} quotes are stale"

    def _get(self, path: str, kind: type[T]) -> T | None:
        self._reach.check()
        return self._client.get(path, kind)

    def _instrument(self, symbol: str) -> wire.Instrument | None:
        with self._reading:
            lasts = INSTRUMENTS_SECONDS if symbol in self._instruments else UNKNOWN_SECONDS
            if self._read_at is None or self.monotonic() - self._read_at >= lasts:
                self._read_at = self.monotonic()
                self._refresh()
            return self._instruments.get(symbol)

    def _refresh(self) -> None:
        try:
            answer = self._get("/v1/instruments", answers.Instruments)
        except Unavailable as error:
            log.warning("no instruments", extra={"reason": error.message})
            return
        if answer is not None:
            self._instruments = {instrument.symbol: instrument for instrument in answer.instruments}


def _marks_of(at_hand: Iterable[Quoted]) -> Marks:
    found = ((quote, mark_of(quote, instrument, age)) for quote, instrument, age in at_hand)
    return Marks({quote.symbol: mark for quote, mark in found if mark is not None})
