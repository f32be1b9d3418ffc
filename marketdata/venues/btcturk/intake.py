"""Applies frames: to books, tickers, trades and bars. Tells which streams brought good data or lost track.

Each stream vouches for itself. The ticker and the trades are also held against the book, and the ticker's last price
against the trades: what agrees is proved, and what is contradicted for too long is asked for again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import msgspec

from marketdata.counters import Counters
from marketdata.events import (
    Acknowledged,
    BookDiff,
    BookSnapshot,
    CandleUpdate,
    Event,
    PairEvent,
    Ticker,
    Trades,
    Unreadable,
    VenueTrade,
)
from marketdata.state.candles import MissedTrades
from marketdata.state.candlestore import CandleStore
from marketdata.state.store import Store
from marketdata.state.symbol import SymbolStatus
from marketdata.venues.btcturk import diffs, frames, readings, steps
from marketdata.venues.btcturk.claims import AGAIN_SECONDS, AGREED_SECONDS, Claim
from marketdata.venues.btcturk.notes import ChangedInstrument, FetchedTickers, FetchedTrades
from marketdata.venues.btcturk.pair_states import PairState, PairStates
from marketdata.venues.btcturk.subscriptions import ALL, MINUTE_RESOLUTION, Followed

log = logging.getLogger(__name__)

E = TypeVar("E", bound=PairEvent)


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
    """Applies the frames of the pairs that are followed. Only the worker's thread may call it.

    Times called `at` are monotonic seconds, `received` unix seconds.

    pairs: the pairs whose frames are applied.
    off_tick: frames with a price off its tick, since the start.
    """

    def __init__(
        self, followed: Followed, *, store: Store, candles: CandleStore, counters: Counters, hooks: StreamHooks
    ) -> None:
        self.pairs = PairStates(followed)
        self._book_channel, self._store, self._candles, self._counters = followed.book_channel, store, candles, counters
        self._followed, self.off_tick = followed, 0
        self._diffs = diffs.DiffReader(followed.tick)
        self._spoilt: dict[str, float] = {}
        self._received, self._lose, self._missed = hooks.received, hooks.lose, hooks.missed

    def read(self, payload: bytes, at: float, received: float) -> bool:
        """Applies a frame. Returns true when it was understood as data of a pair that is followed."""
        if (diff := self._diffs.read(payload)) is not None:
            self._counters.frames[diffs.KIND] += 1
            return self._apply_book(diff, at, received, on_tick=True)
        frame = frames.parse(payload)
        self._counters.frames[frame.kind] += 1
        if frame.left_out or frame.oddities:
            self._counters.leave_out(frame.left_out)
            self._counters.oddities.update(frame.oddities)
            for event in frame.events if frame.left_out else ():
                if isinstance(event, Trades):
                    self._spoil(event.pair, event.trades)
        told = False
        for event in frame.events:
            if isinstance(event, (BookDiff, BookSnapshot)):
                told |= self._apply_book(event, at, received, on_tick=False)
            else:
                told |= self._apply(event, payload, at, received)
        if frame.kind == "401":
            self._received(f"ticker:{ALL}")
        while self._spoilt:
            symbol, since = self._spoilt.popitem()
            self._candles.miss(symbol, since)
        return told

    def lose(self, pair: str, channel: str, reason: str, received: float) -> None:
        """Marks a pair's book or trades as no longer certain, because their stream lost track."""
        state = self.pairs[pair]
        if channel == self._book_channel:
            state.witness.clear()
            self._store.lose(state.symbol, reason, received)
        elif channel == "trade":
            self._store.lose_trades(state.symbol)
            self._candles.pause(state.symbol)

    def lose_all(self, reason: str, received: float) -> None:
        """Marks all books and trades as no longer certain, because the socket is gone."""
        self._store.lose_all(frames.SOURCE, reason, received)
        for state in self.pairs.values():
            state.witness.clear()
            state.claims.differs_since = None
            self._candles.pause(state.symbol)

    def unproved(self, seconds: float) -> list[str]:
        """Returns the pairs whose book is whole, and was proved by nothing for so many seconds."""
        return [
            pair
            for pair, state in self.pairs.items()
            if self._store.is_live(state.symbol) and self._store.age_seconds(state.symbol) > seconds
        ]

    def apply_trades(self, fetched: FetchedTrades, received: float) -> None:
        """Adds trades that were fetched after a gap. The gap closes when they reach back to the trade before it."""
        symbol, trades = self.pairs[fetched.trades.pair].symbol, fetched.trades.trades
        self._candles.add(symbol, self._store.apply_trades(symbol, fetched.trades, received))
        if fetched.whole:
            self._candles.heal(symbol, fetched.missed, trades)

    def apply_tickers(self, fetched: FetchedTickers, received: float) -> None:
        """Applies the day's figures to pairs of which the socket has sent none yet. The socket's are newer."""
        for ticker in fetched.tickers:
            state = self.pairs.get(ticker.pair)
            if state is not None and self._store.quote(state.symbol).last is None:
                self._store.apply_ticker(state.symbol, ticker, received)

    def audited(self, pair: str, *, right: bool, at: float, received: float) -> None:
        """Doubts a book that the venue's REST book contradicts again though it was asked for anew, unless its ticker
        agreed just now. A book that is right ends such a doubt."""
        state = self.pairs[pair]
        if right and state.audited_wrong:
            self._store.doubt(state.symbol, "", received)
        elif state.audited_wrong and at - state.claims.agreed_at > AGREED_SECONDS:
            self._store.doubt(state.symbol, "contradicted by its REST book", received)
        state.audited_wrong = not right

    def apply_instrument(self, changed: ChangedInstrument, received: float) -> None:
        """Publishes the phase of a pair whose state or rules changed."""
        symbol = self.pairs[changed.pair].symbol
        self._store.set_status(symbol, SymbolStatus(phase=changed.phase), received)
        self._store.instrument_changed(symbol, received)

    def _apply_book(self, event: BookDiff | BookSnapshot, at: float, received: float, *, on_tick: bool) -> bool:
        state = self.pairs.get(event.pair)
        if state is None:
            known = self._respelled(event)
            self._counters.decode_errors["pair"] += known is None and event.pair not in self.pairs.left
            return known is not None and self._apply_book(known, at, received, on_tick=False)
        if event.channel != self._book_channel and event.channel:
            return True
        usable = event if on_tick else self._stepped(event)
        fault = "unreadable" if usable is None else self._store.apply_book(state.symbol, usable, received)
        repeated = self._store.drain_oddities(state.symbol, self._counters.oddities)
        if fault is not None:
            self._counters.book_gaps += fault == "gap"
            self._lose(f"{self._book_channel}:{event.pair}", fault)
            return True
        if not repeated:  # a repeat says nothing new
            self._store.prove_book(state.symbol, at)
        state.witness.show(self._store.top(state.symbol), at)
        if isinstance(event, BookSnapshot):
            self._received(f"{self._book_channel}:{event.pair}")
        return True

    def _apply(self, event: Event, payload: bytes, at: float, received: float) -> bool:
        if isinstance(event, Unreadable):
            self._counters.decode_errors[event.reason] += 1
            self._lose_unreadable(payload)
            return False
        if isinstance(event, Acknowledged):
            self._counters.refused_joins += not event.ok
            return False
        state = self.pairs.get(event.pair)
        if state is None:
            known = self._respelled(event)
            strange = known is None and not payload.startswith(b"[401,")
            self._counters.decode_errors["pair"] += strange and event.pair not in self.pairs.left
            return known is not None and self._apply(known, payload, at, received)
        stepped = self._stepped(event)
        if stepped is None:
            return False
        event = stepped
        if isinstance(event, Ticker):
            self._apply_ticker(state, event, at, received)
        elif isinstance(event, Trades):
            self._apply_trades(state, event, at, received)
        elif isinstance(event, CandleUpdate):
            self._apply_bar(state.symbol, event)
        return True

    def _respelled(self, event: E) -> E | None:
        """Returns an event whose pair is spelled in another way than usual; None when the pair is not followed."""
        name = readings.pair_name(event.pair)
        return msgspec.structs.replace(event, pair=name) if name in self.pairs else None

    def _stepped(self, event: E) -> E | None:
        """Returns an event with its prices on their tick, which may be unknown; None when it is left out."""
        tick = self._followed.tick(event.pair)
        if tick is None or steps.on_tick(event, tick):
            return event
        found = steps.stepped(event, tick)
        self.off_tick += bool(found.off_tick or found.left_out)
        self._counters.leave_out(found.left_out)
        if found.left_out and isinstance(event, Trades):
            self._spoil(event.pair, event.trades)
        self._counters.oddities["off_tick"] += found.off_tick
        return cast("E | None", found.event)

    def _apply_ticker(self, state: PairState, ticker: Ticker, at: float, received: float) -> None:
        self._store.apply_ticker(state.symbol, ticker, received)
        self._received(f"ticker:{ticker.pair}")
        newest = self._store.newest_trade(state.symbol)
        traded = None if newest is None else newest.price
        weighed = state.claims.weigh_last(ticker, traded, at)
        if weighed == "agrees":
            self._store.prove_trades(state.symbol, at)
        elif weighed == "contradicts":
            self._contradicted(state, ticker.pair, "last", ("trade",), at)
        verdict = state.claims.judge(state.witness, ticker, traded, at)
        if verdict != "unclear":
            self._follow(state, ticker.pair, "ticker", verdict, at, received)

    def _apply_trades(self, state: PairState, event: Trades, at: float, received: float) -> None:
        new = self._store.apply_trades(state.symbol, event, received)
        if new or event.replay:  # a trade that is known already says nothing new
            self._store.prove_trades(state.symbol, at)
        state.claims.differs_since = None
        if not event.replay:
            self._candles.add(state.symbol, new)
            for trade in new:
                state.claims.hear_trade(trade.price, at)
                self._follow(state, event.pair, "trade", state.witness.hear_trade(trade.price, at), at, received)
            return
        self._received(f"trade:{event.pair}")
        missed = self._candles.replay(state.symbol, event.trades)
        if missed is not None:
            self._counters.trade_gaps += 1
            self._missed(event.pair, missed)

    def _follow(self, state: PairState, pair: str, witness: str, verdict: Claim, at: float, received: float) -> None:
        """Proves or doubts a book. A doubt ends when a witness agrees, not when the book comes anew."""
        if verdict == "agrees":
            self._store.prove_book(state.symbol, at)
        if verdict in ("agrees", "outdated"):
            self._store.doubt(state.symbol, "", received)
        elif verdict == "contradicts":
            self._store.doubt(state.symbol, f"contradicted by its {witness}", received)
            self._contradicted(state, pair, witness, (self._book_channel, "ticker"), at)

    def _contradicted(self, state: PairState, pair: str, witness: str, channels: tuple[str, ...], at: float) -> None:
        if at < state.again_at.get(channels[0], at):
            return
        state.again_at[channels[0]] = at + AGAIN_SECONDS
        self._counters.contradictions[witness] += 1
        log.warning("a stream contradicts another", extra={"pair": pair, "witness": witness, "stream": channels[0]})
        for channel in channels:
            self._lose(f"{channel}:{pair}", "contradicted")

    def _apply_bar(self, symbol: str, update: CandleUpdate) -> None:
        self._received(f"tradeview:{update.pair}_{update.resolution}")
        if update.resolution == MINUTE_RESOLUTION:
            self._candles.set_present(symbol, update.bar)

    def _lose_unreadable(self, payload: bytes) -> None:
        """Asks for a book anew at once when a frame of it can't be read: a change is missing from now on.

        A frame with a level and no name that is known may be of any book.
        """
        kind, key = frames.classify(payload)
        channel, _, event = key.partition(":")
        named = [pair for pair in self.pairs if pair == event or b'"%s"' % pair.encode() in payload]
        if kind == "sequence" or channel == self._book_channel:
            for pair in named or (self.pairs if b'"P"' in payload and not event else ()):
                self._lose(f"{self._book_channel}:{pair}", "unreadable")
        for pair in named if channel == "trade" else ():
            self._spoil(pair, ())

    def _spoil(self, pair: str, trades: Sequence[VenueTrade]) -> None:
        """Notes that a trade of a frame can't be used: of the time since the newest known one, not every trade is."""
        state = self.pairs.get(pair)
        newest = self._store.newest_trade(state.symbol) if state else None
        times = [trade.venue_time.timestamp() for trade in ((newest,) if newest else trades)]
        if state and times:
            self._spoilt[state.symbol] = min(times)
