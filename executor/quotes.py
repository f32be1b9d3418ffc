"""What market data says about a symbol, with its age; asked before any lock is taken."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from common import wire
from common.client import JsonClient
from common.errors import Unavailable
from executor.equity import Mark
from executor.timing import Laps, Nobody, Observer

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 1.0
DEPTH = 100
INSTRUMENTS_SECONDS = 30.0
UNKNOWN_SECONDS = 1.0


class Instruments(wire.Message, frozen=True, kw_only=True):
    """The answer of /v1/instruments."""

    instruments: tuple[wire.Instrument, ...]


class AllQuotes(wire.Message, frozen=True, kw_only=True):
    """The answer of /v1/quotes."""

    quotes: tuple[wire.Quote, ...]


@dataclass(frozen=True)
class View:
    """One look at a symbol. `asked_at` is monotonic seconds; a book or instrument that could not be had is None, and
    `listed` is false for a symbol that market data does not know."""

    symbol: str
    book: wire.Book | None
    instrument: wire.Instrument | None
    asked_at: float
    listed: bool = True

    def age_seconds(self, now: float) -> float:
        """How old the book is at `now` (monotonic): its own age when it was asked for, and the time since."""
        return (self.book.age_seconds if self.book else 0.0) + max(0.0, now - self.asked_at)


class Quotes:
    """Asks market data, through `client`. Instruments are kept for half a minute and outlive an outage."""

    def __init__(self, client: JsonClient, market: wire.Market, monotonic: Callable[[], float]) -> None:
        self._client = client
        self._market = market
        self.monotonic = monotonic
        self._instruments: dict[str, wire.Instrument] = {}
        self._read_at: float | None = None
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._flights: dict[str, Future[View]] = {}
        self.observer: Observer = Nobody()

    def look(self, symbol: str) -> View:
        """The symbol's book and instrument as far as they can be had. Who comes while somebody asks for the same symbol
        gets the same answer: its age counts from when it was asked for."""
        with self._lock:
            flight = self._flights.get(symbol)
            if flight is None:
                leads, flight = True, self._flights.setdefault(symbol, Future())
            else:
                leads = False
        laps = Laps(self.observer)
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
        laps.lap("quote")
        return view

    def _ask(self, symbol: str) -> View:
        instrument = self._instrument(symbol)
        asked_at = self.monotonic()
        try:
            book = self._client.get(f"/v1/books/{symbol}?depth={DEPTH}", wire.Book)
        except Unavailable as error:
            log.warning("no book", extra={"symbol": symbol, "reason": error.message})
            return View(symbol, None, instrument, asked_at)
        if book is None:
            return View(symbol, None, instrument, asked_at, listed=False)
        if book.market != self._market or book.symbol != symbol:
            log.error("market data gave another book", extra={"symbol": symbol, "got": book.symbol, "of": book.market})
            return View(symbol, None, instrument, asked_at)
        return View(symbol, book, instrument, asked_at)

    def marks(self) -> dict[str, Mark]:
        """What each symbol is worth now: the middle of its quote, or its last price where it has no two sides; the
        latest there is, however old. Symbols without a price are left out. Raises `Unavailable`."""
        answer = self._client.get("/v1/quotes", AllQuotes)
        marks = {}
        for quote in answer.quotes if answer else ():
            instrument = self._instrument(quote.symbol) if quote.market == self._market else None
            price = (quote.bid + quote.ask) / 2 if quote.bid and quote.ask else quote.last
            if instrument is not None and price:
                marks[quote.symbol] = Mark(instrument.base_asset, instrument.quote_currency, price)
        return marks

    def reason(self) -> str | None:
        """None when market data answers with at least one fresh quote, else why not."""
        try:
            answer = self._client.get("/v1/quotes", AllQuotes)
        except Unavailable as error:
            return error.message
        quotes = answer.quotes if answer else ()
        if not quotes:
            return "market data has no quotes yet"
        fresh = sum(not quote.stale for quote in quotes)
        return None if fresh else f"all {len(quotes)} quotes are stale"

    def _instrument(self, symbol: str) -> wire.Instrument | None:
        with self._reading:
            lasts = INSTRUMENTS_SECONDS if symbol in self._instruments else UNKNOWN_SECONDS
            if self._read_at is None or self.monotonic() - self._read_at >= lasts:
                self._read_at = self.monotonic()
                self._refresh()
            return self._instruments.get(symbol)

    def _refresh(self) -> None:
        try:
            answer = self._client.get("/v1/instruments", Instruments)
        except Unavailable as error:
            log.warning("no instruments", extra={"reason": error.message})
            return
        if answer is not None:
            self._instruments = {instrument.symbol: instrument for instrument in answer.instruments}
