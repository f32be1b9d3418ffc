"""The latest quotes, books and trades, each with its sequence and age; whoever listens is woken by every change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from common import wire
from marketdata.book import LiveBook
from marketdata.trades import TradeHistory
from marketdata.venues.events import BookDiff, BookSnapshot, Ticker, Trades

Top = tuple[wire.Level | None, wire.Level | None]


@dataclass(frozen=True, slots=True)
class _Change:
    """When something last changed: the store's sequence, and the arrival in unix seconds."""

    sequence: int
    received: float

    @property
    def received_at(self) -> datetime:
        return datetime.fromtimestamp(self.received, UTC)


@dataclass(slots=True)
class _Symbol:
    """All that is known of one symbol. `proved_at` is when the feed last vouched for a book that is no longer live."""

    proved_at: float
    quote: _Change
    depth: _Change
    trading: _Change
    book: LiveBook = field(default_factory=LiveBook)
    history: TradeHistory = field(default_factory=TradeHistory)
    history_live: bool = False
    top: Top = (None, None)
    last: Decimal | None = None
    daily_change_percent: Decimal | None = None


class Store:
    """Written by the feed's worker alone, read by any thread. A symbol that is not configured raises `KeyError`.

    Frames of one socket come in order, so any frame on it proves every live book: age counts from the last frame
    that was taken in. `clock` is monotonic; `started` is unix seconds.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        *,
        market: wire.Market,
        source: str,
        stale_after: float,
        clock: Callable[[], float],
        started: float,
    ) -> None:
        self.symbols = tuple(symbols)
        self.market: wire.Market = market
        self._source, self._stale_after, self._clock = source, stale_after, clock
        self._proved_at = clock()
        self._sequence = 0
        self._changed = threading.Condition()
        never = _Change(0, started)
        self._symbols = {symbol: _Symbol(self._proved_at, never, never, never) for symbol in self.symbols}

    def proved(self, at: float) -> None:
        """A frame that arrived at `at` was taken in: live books were right until then."""
        self._proved_at = at

    def apply_book(self, symbol: str, event: BookSnapshot | BookDiff, received: float) -> str | None:
        """Takes a book frame in; or the fault (see `book.FAULTS`) that made the book stale."""
        with self._changed:
            state = self._symbols[symbol]
            was_live = state.book.live
            book = state.book
            fault = book.snapshot(event) if isinstance(event, BookSnapshot) else book.apply(event)
            if fault is not None:
                if was_live:
                    self._lost(state, received)
                return fault
            state.depth = self._next(received)
            top = state.book.top()
            if top != state.top or not was_live:
                state.top, state.quote = top, state.depth
                self._changed.notify_all()
            return None

    def apply_ticker(self, symbol: str, ticker: Ticker, received: float) -> None:
        """Takes last price and daily change in; the venue repeats itself often, and a repeat is no change."""
        with self._changed:
            state = self._symbols[symbol]
            if (state.last, state.daily_change_percent) != (ticker.last, ticker.daily_change_percent):
                state.last, state.daily_change_percent = ticker.last, ticker.daily_change_percent
                state.quote = self._next(received)
                self._changed.notify_all()

    def apply_trades(self, symbol: str, event: Trades, received: float) -> None:
        """Takes new trades in; known ones are skipped. A replay also says that the stream of trades is on."""
        with self._changed:
            state = self._symbols[symbol]
            state.history_live = state.history_live or event.replay
            new = state.history.add(symbol, event.trades)
            if not new:
                return
            state.trading = self._next(received)
            last = state.history.latest(1)[0].price
            if state.last is None or (not event.replay and last != state.last):
                state.last, state.quote = last, state.trading
                self._changed.notify_all()

    def lose(self, symbol: str, received: float) -> None:
        """Nothing vouches for a symbol's book any more."""
        with self._changed:
            state = self._symbols[symbol]
            if state.book.live:
                state.book.lose()
                self._lost(state, received)

    def lose_all(self, received: float) -> None:
        """The socket is gone: no book and no stream of trades is live."""
        for symbol in self.symbols:
            self.lose(symbol, received)
            self._symbols[symbol].history_live = False

    def not_live(self) -> list[str]:
        """The symbols whose book is not live."""
        return [symbol for symbol, state in self._symbols.items() if not state.book.live]

    def age_seconds(self, symbol: str) -> float:
        """How long ago the feed last proved the symbol's book; since the start when it never did."""
        return self._age(self._symbols[symbol].book.live, self._symbols[symbol])

    def quote(self, symbol: str) -> wire.Quote:
        """The symbol's best bid and ask, last price and daily change."""
        with self._changed:
            return self._quote(symbol)

    def quotes(self, symbols: Iterable[str], *, after: int = -1) -> tuple[int, list[wire.Quote]]:
        """The store's sequence, and the quotes that changed after a sequence; all of them by default."""
        with self._changed:
            return self._sequence, [self._quote(name) for name in symbols if self._symbols[name].quote.sequence > after]

    def wait(self, symbols: Sequence[str], after: int, timeout: float) -> None:
        """Returns when a quote of these symbols changed after a sequence, or after `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: any(self._symbols[name].quote.sequence > after for name in symbols), timeout)

    def book(self, symbol: str, depth: int, instrument: wire.Instrument) -> wire.Book:
        """The best `depth` levels of each side."""
        with self._changed:
            state = self._symbols[symbol]
            bids, asks = state.book.levels(depth)
            age = self._age(state.book.live, state)
            return wire.Book(
                symbol=symbol,
                market=self.market,
                source=self._source,
                delayed=False,
                base_asset=instrument.base_asset,
                quote_currency=instrument.quote_currency,
                bids=bids,
                asks=asks,
                sequence=state.depth.sequence,
                received_at=state.depth.received_at,
                age_seconds=age,
                stale=not state.book.live or age > self._stale_after,
            )

    def trades(self, symbol: str, limit: int) -> Mapping[str, object]:
        """The latest trades, newest first, as the body of an answer."""
        with self._changed:
            state = self._symbols[symbol]
            age = self._age(state.history_live, state)
            return {
                "market": self.market,
                "symbol": symbol,
                "sequence": state.trading.sequence,
                "age_seconds": age,
                "stale": not state.history_live or age > self._stale_after,
                "trades": state.history.latest(limit),
            }

    def _next(self, received: float) -> _Change:
        self._sequence += 1
        return _Change(self._sequence, received)

    def _lost(self, state: _Symbol, received: float) -> None:
        state.proved_at = self._proved_at
        state.quote = state.depth = self._next(received)
        self._changed.notify_all()

    def _age(self, live: bool, state: _Symbol) -> float:
        return round(max(0.0, self._clock() - (self._proved_at if live else state.proved_at)), 3)

    def _quote(self, symbol: str) -> wire.Quote:
        state = self._symbols[symbol]
        bid, ask = state.top
        age = self._age(state.book.live, state)
        return wire.Quote(
            symbol=symbol,
            market=self.market,
            source=self._source,
            delayed=False,
            bid=bid.price if bid else None,
            bid_quantity=bid.quantity if bid else None,
            ask=ask.price if ask else None,
            ask_quantity=ask.quantity if ask else None,
            last=state.last,
            daily_change_percent=state.daily_change_percent,
            sequence=state.quote.sequence,
            received_at=state.quote.received_at,
            age_seconds=age,
            stale=not state.book.live or age > self._stale_after,
        )
