"""What frames change: books, tickers, trades and bars; and which streams prove themselves or lose track by them."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from marketdata.venues.btcturk.subscriptions import ALL, MINUTE_RESOLUTION
from marketdata.state.candles import Missed
from marketdata.state.candlestore import CandleStore
from marketdata.state.store import Store
from marketdata.counters import Tally
from marketdata.venues.btcturk import frames
from marketdata.venues.btcturk.frames import BookChannel
from marketdata.events import (
    Acknowledged,
    Bar,
    BookDiff,
    BookSnapshot,
    CandleUpdate,
    Event,
    Ticker,
    Trades,
    Unreadable,
)

FULL_REPLAY = 50
"""The venue tells this many of its latest trades, by socket and by REST."""


@dataclass(frozen=True, slots=True)
class Found:
    """The venue's latest trades, asked for by REST because trades were missed."""

    trades: Trades
    missed: Missed


@dataclass(frozen=True, slots=True)
class Doubt:
    """Somebody found the book of a pair wrong."""

    pair: str
    reason: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Last prices and daily changes, asked for by REST."""

    tickers: tuple[Ticker, ...]


Notes = queue.SimpleQueue[Found | Doubt | Figures]
"""What other threads have to tell the worker, which alone writes to the store."""


class Intake:
    """Applies frames; books are those of the `book` channel. It tells `come` the key of a stream whose first data came,
    `lose` the key of one that lost track with the reason, and `missed` the pair and the span when trades were missed.
    """

    def __init__(
        self,
        pairs: Sequence[str],
        *,
        book: BookChannel,
        store: Store,
        candles: CandleStore,
        tally: Tally,
        come: Callable[[str], None],
        lose: Callable[[str, str], None],
        missed: Callable[[str, Missed], None],
    ) -> None:
        self.symbols = {pair: f"{frames.SOURCE}:{pair}" for pair in pairs}
        self._book, self._store, self._candles, self._tally = book, store, candles, tally
        self._come, self._lose, self._missed = come, lose, missed

    def read(self, payload: bytes, received: float) -> None:
        """Takes a frame in that arrived at `received` (unix seconds)."""
        frame = frames.parse(payload)
        self._tally.frames[frame.kind] += 1
        for event in frame.events:
            if isinstance(event, (BookDiff, BookSnapshot)):
                self._take_book(event, received)
            else:
                self._take(event, received, payload)
        if frame.kind == "401":
            self._come(f"ticker:{ALL}")

    def lose(self, pair: str, channel: str, received: float) -> None:
        """A stream of a pair lost track: what it fed is no longer vouched for."""
        symbol = self.symbols[pair]
        if channel == self._book:
            self._store.lose(symbol, received)
        elif channel == "trade":
            self._candles.pause(symbol)

    def lose_all(self, received: float) -> None:
        """The socket is gone."""
        self._store.lose_all(frames.SOURCE, received)
        for symbol in self.symbols.values():
            self._candles.pause(symbol)

    def take_found(self, found: Found, received: float) -> None:
        """Trades that were asked for after a gap; if they reach back to what was held before it, it is healed."""
        symbol, trades = self.symbols[found.trades.pair], found.trades.trades
        self._candles.add(symbol, self._store.apply_trades(symbol, found.trades, received))
        if any(trade.trade_id == found.missed.last_id for trade in trades):
            self._candles.heal(symbol, found.missed)

    def take_figures(self, figures: Figures, received: float) -> None:
        """The day's figures, for pairs of which the socket has told none yet: what it tells is newer."""
        for ticker in figures.tickers:
            symbol = self.symbols.get(ticker.pair)
            if symbol is not None and self._store.quote(symbol).last is None:
                self._store.apply_ticker(symbol, ticker, received)

    def _take_book(self, event: BookDiff | BookSnapshot, received: float) -> None:
        symbol = self.symbols.get(event.pair)
        if symbol is None:
            self._tally.decode_errors["pair"] += 1
            return
        if event.channel != self._book:
            return
        fault = self._store.apply_book(symbol, event, received)
        if fault is not None:
            self._tally.book_gaps += fault == "gap"
            self._lose(f"{self._book}:{event.pair}", fault)
        elif not isinstance(event, BookDiff):
            self._come(f"{self._book}:{event.pair}")

    def _take(self, event: Event, received: float, payload: bytes) -> None:
        if isinstance(event, Unreadable):
            self._tally.decode_errors[event.reason] += 1
            self._doubt(payload)
            return
        if isinstance(event, Acknowledged):
            self._tally.refused_joins += not event.ok
            return
        symbol = self.symbols.get(event.pair)
        if symbol is None:
            self._tally.decode_errors["pair"] += not (isinstance(event, Ticker) and payload.startswith(b"[401,"))
        elif isinstance(event, Ticker):
            self._store.apply_ticker(symbol, event, received)
            self._come(f"ticker:{event.pair}")
        elif isinstance(event, Trades):
            self._take_trades(symbol, event, received)
        elif isinstance(event, CandleUpdate):
            self._take_bar(symbol, event)

    def _take_trades(self, symbol: str, event: Trades, received: float) -> None:
        new = self._store.apply_trades(symbol, event, received)
        if not event.replay:
            self._candles.add(symbol, new)
            return
        self._come(f"trade:{event.pair}")
        missed = self._candles.replay(symbol, event.trades, FULL_REPLAY)
        if missed is not None:
            self._tally.trade_gaps += 1
            self._missed(event.pair, missed)

    def _take_bar(self, symbol: str, update: CandleUpdate) -> None:
        self._come(f"tradeview:{update.pair}_{update.resolution}")
        if update.resolution == MINUTE_RESOLUTION:
            prices = (update.open, update.high, update.low, update.close)
            self._candles.set_present(symbol, Bar(int(update.start.timestamp()), *prices, update.volume))

    def _doubt(self, payload: bytes) -> None:
        """A frame of a book that can't be read is a change that is missing now, not only when the next one comes."""
        kind, key = frames.classify(payload)
        for pair in self.symbols:
            stream = f"{self._book}:{pair}"
            if key == stream or (kind == "sequence" and key == ""):
                self._lose(stream, "unreadable")
