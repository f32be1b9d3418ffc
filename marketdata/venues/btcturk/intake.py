"""Applies frames: to books, tickers, trades and bars. Tells which streams brought good data or lost track."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from marketdata.counters import Counters
from marketdata.events import (
    Acknowledged,
    BookDiff,
    BookSnapshot,
    CandleUpdate,
    Event,
    Ticker,
    Trades,
    Unreadable,
)
from marketdata.state.candles import MissedTrades
from marketdata.state.candlestore import CandleStore
from marketdata.state.store import Store
from marketdata.venues.btcturk import frames
from marketdata.venues.btcturk.notes import FetchedTickers, FetchedTrades
from marketdata.venues.btcturk.subscriptions import ALL, MINUTE_RESOLUTION, Followed

FULL_REPLAY = 50
"""The venue sends so many of its latest trades, by socket and by REST."""


@dataclass(frozen=True)
class StreamHooks:
    """The functions that the intake calls.

    received: with the key of a stream that brought good data.
    lose: with the key of a stream that lost track, and the reason.
    missed: with the pair and the span of trades that were missed.
    """

    received: Callable[[str], None]
    lose: Callable[[str, str], None]
    missed: Callable[[str, MissedTrades], None]


class BtcturkIntake:
    """Applies the frames of the pairs that are followed. Only the worker's thread may call it."""

    def __init__(
        self, followed: Followed, *, store: Store, candles: CandleStore, counters: Counters, hooks: StreamHooks
    ) -> None:
        self._symbols = {pair: followed.symbol(pair) for pair in followed.pairs}
        self._book_channel, self._store, self._candles, self._counters = followed.book_channel, store, candles, counters
        self._received, self._lose, self._missed = hooks.received, hooks.lose, hooks.missed

    def read(self, payload: bytes, received: float) -> None:
        """Applies a frame that came at `received` (unix seconds)."""
        frame = frames.parse(payload)
        self._counters.frames[frame.kind] += 1
        for event in frame.events:
            if isinstance(event, (BookDiff, BookSnapshot)):
                self._apply_book(event, received)
            else:
                self._apply(event, received, payload)
        if frame.kind == "401":
            self._received(f"ticker:{ALL}")

    def lose(self, pair: str, channel: str, received: float) -> None:
        """Marks a pair's book or trades as no longer certain, because their stream lost track."""
        symbol = self._symbols[pair]
        if channel == self._book_channel:
            self._store.lose(symbol, received)
        elif channel == "trade":
            self._candles.pause(symbol)

    def lose_all(self, received: float) -> None:
        """Marks all books and trades as no longer certain, because the socket is gone."""
        self._store.lose_all(frames.SOURCE, received)
        for symbol in self._symbols.values():
            self._candles.pause(symbol)

    def apply_trades(self, fetched: FetchedTrades, received: float) -> None:
        """Adds trades that were fetched after a gap. The gap closes when they reach back to the trade before it."""
        symbol, trades = self._symbols[fetched.trades.pair], fetched.trades.trades
        self._candles.add(symbol, self._store.apply_trades(symbol, fetched.trades, received))
        if any(trade.trade_id == fetched.missed.last_id for trade in trades):
            self._candles.heal(symbol, fetched.missed)

    def apply_tickers(self, fetched: FetchedTickers, received: float) -> None:
        """Applies the day's figures to pairs of which the socket has sent none yet. The socket's are newer."""
        for ticker in fetched.tickers:
            symbol = self._symbols.get(ticker.pair)
            if symbol is not None and self._store.quote(symbol).last is None:
                self._store.apply_ticker(symbol, ticker, received)

    def _apply_book(self, event: BookDiff | BookSnapshot, received: float) -> None:
        symbol = self._symbols.get(event.pair)
        if symbol is None:
            self._counters.decode_errors["pair"] += 1
            return
        if event.channel != self._book_channel:
            return
        fault = self._store.apply_book(symbol, event, received)
        if fault is not None:
            self._counters.book_gaps += fault == "gap"
            self._lose(f"{self._book_channel}:{event.pair}", fault)
        elif not isinstance(event, BookDiff):
            self._received(f"{self._book_channel}:{event.pair}")

    def _apply(self, event: Event, received: float, payload: bytes) -> None:
        if isinstance(event, Unreadable):
            self._counters.decode_errors[event.reason] += 1
            self._lose_unreadable(payload)
            return
        if isinstance(event, Acknowledged):
            self._counters.refused_joins += not event.ok
            return
        symbol = self._symbols.get(event.pair)
        if symbol is None:
            self._counters.decode_errors["pair"] += not (isinstance(event, Ticker) and payload.startswith(b"[401,"))
        elif isinstance(event, Ticker):
            self._store.apply_ticker(symbol, event, received)
            self._received(f"ticker:{event.pair}")
        elif isinstance(event, Trades):
            self._apply_trades(symbol, event, received)
        elif isinstance(event, CandleUpdate):
            self._apply_bar(symbol, event)

    def _apply_trades(self, symbol: str, event: Trades, received: float) -> None:
        new = self._store.apply_trades(symbol, event, received)
        if not event.replay:
            self._candles.add(symbol, new)
            return
        self._received(f"trade:{event.pair}")
        missed = self._candles.replay(symbol, event.trades, FULL_REPLAY)
        if missed is not None:
            self._counters.trade_gaps += 1
            self._missed(event.pair, missed)

    def _apply_bar(self, symbol: str, update: CandleUpdate) -> None:
        self._received(f"tradeview:{update.pair}_{update.resolution}")
        if update.resolution == MINUTE_RESOLUTION:
            self._candles.set_present(symbol, update.bar)

    def _lose_unreadable(self, payload: bytes) -> None:
        """Asks for a book anew at once when a frame of it can't be read: a change is missing from now on."""
        kind, key = frames.classify(payload)
        for pair in self._symbols:
            stream = f"{self._book_channel}:{pair}"
            if key == stream or (kind == "sequence" and key == ""):
                self._lose(stream, "unreadable")
