"""The latest state of every symbol, for any thread to read. Which symbols these are may change at any time."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter

import msgspec

from common import answers, wire
from common.clock import Clock
from marketdata.events import Top, VenueTrade
from marketdata.state.listing import BySymbol, Listing
from marketdata.state.selection import EventKind, Key, KnownKeys, Selection, StreamEvent
from marketdata.state.symbol import Change, Source, SymbolState

SNAPSHOT_TRADES = 50


class TradeList(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/trades/<symbol>`.

    market, symbol: the symbol that they are of.
    sequence: the sequence of the newest change in them.
    age_seconds: seconds since the venue's stream of trades was last proved.
    stale: true when that stream is not known to be on, or is too old.
    trades: newest first.
    """

    market: wire.Market
    symbol: str
    sequence: int
    age_seconds: float
    stale: bool
    trades: tuple[wire.Trade, ...]


class StoreReader:
    """The reading side of `Store`. A symbol that is not followed raises `NotFollowed`.

    Each symbol is proved by itself: age counts from the last frame that told its book. Becoming stale, or fresh again,
    is a change like any other. The first reader that finds it gives it a sequence number.

    symbols: every symbol that is followed.
    market: the market that they are of.
    stale_after: the age in seconds above which a value is stale.
    epoch: names this run of the process; sequences of another run mean nothing here.
    sequence: the number of the newest change.
    moved: set by every change; the one thread that waits for it clears it.
    """

    def __init__(
        self,
        listings: Sequence[Listing],
        *,
        market: wire.Market,
        stale_after: float,
        clock: Clock,
    ) -> None:
        now, started = clock.monotonic(), clock.unix()
        self.symbols = tuple(listing.symbol for listing in listings)
        self.market: wire.Market = market
        self.stale_after = stale_after
        self.epoch = secrets.token_hex(4)
        self.sequence = 0
        self.moved = threading.Event()
        self._monotonic, self._unix = clock.monotonic, clock.unix
        self._lock = threading.RLock()
        self._sources = {listing.source: Source(listing.source) for listing in listings}
        self._states = BySymbol(
            {
                listing.symbol: SymbolState.fresh(listing, self._sources[listing.source], market, started, now)
                for listing in listings
            }
        )
        self._gone: dict[str, int] = {}

    def faults(self, source: str | None = None) -> dict[str, str]:
        """Returns the symbols, of one source or of all, whose book is not fresh, each with the reason."""
        now = self._monotonic()
        return {
            symbol: fault
            for symbol, state in self._states.items()
            if source in (None, state.source.name) and (fault := state.fault(now, self.stale_after))
        }

    def of_source(self, source: str) -> list[str]:
        """Returns the symbols of a source."""
        return [symbol for symbol, state in self._states.items() if state.source.name == source]

    def not_live(self, source: str | None = None) -> list[str]:
        """Returns the symbols, of one source or of all, whose book is not fresh."""
        return list(self.faults(source))

    def is_live(self, symbol: str) -> bool:
        """Returns true while the symbol's book is whole, however old."""
        return self._states[symbol].book.live

    def top(self, symbol: str) -> Top:
        """Returns the best prices of the symbol's book."""
        return self._states[symbol].top

    def newest_trade(self, symbol: str) -> VenueTrade | None:
        """Returns the symbol's newest trade; None before the first."""
        with self._lock:
            newest = self._states[symbol].history.latest(1)
        return newest[0].trade if newest else None

    def data_age(self, source: str) -> float:
        """Returns the seconds since anything of a source was last proved."""
        states = [self._states[symbol] for symbol in self.of_source(source)]
        now = self._monotonic()
        return min(min(state.book_age(now), state.trades_age(now)) for state in states)

    def age_seconds(self, symbol: str) -> float:
        """Returns the seconds since the feed last proved the symbol's book; since the start when it never did."""
        return self._states[symbol].book_age(self._monotonic())

    def settle(self) -> None:
        """Gives a sequence number to every symbol that became stale, or fresh again, since the last reader looked."""
        with self._lock:
            now = self._monotonic()
            for state in self._states.values():
                self._settle(state, now)

    def quote(self, symbol: str) -> wire.Quote:
        """Returns the symbol's best bid and ask, last price and daily change."""
        return self.quotes([symbol])[1][0]

    def quotes(self, symbols: Iterable[str]) -> tuple[int, list[wire.Quote]]:
        """Returns the store's sequence, and the symbols' quotes."""
        with self._lock:
            now = self._monotonic()
            states = [self._settle(self._states[name], now) for name in symbols]
            return self.sequence, [state.quote(now) for state in states]

    def book(self, symbol: str, depth: int, instrument: wire.Instrument) -> wire.Book:
        """Returns the best `depth` levels of each side."""
        with self._lock:
            now = self._monotonic()
            return self._settle(self._states[symbol], now).depth(depth, instrument, now)

    def status(self, symbol: str) -> wire.Status:
        """Returns the symbol's phase, reference price and limits."""
        with self._lock:
            return self._states[symbol].status()

    def auction(self, symbol: str) -> wire.Auction:
        """Returns the price at which the symbol's call auction would match now."""
        with self._lock:
            return self._states[symbol].auction()

    def trades_age(self, symbol: str) -> tuple[float, bool]:
        """Returns the seconds since the symbol's stream of trades was last proved, and true when it is stale."""
        with self._lock:
            state = self._states[symbol]
            age = state.trades_age(self._monotonic())
            return age, not state.history_live or age > max(self.stale_after, state.listing.quiet_seconds)

    def trades(self, symbol: str, limit: int) -> TradeList:
        """Returns the latest trades, newest first."""
        with self._lock:
            state = self._states[symbol]
            age, stale = self.trades_age(symbol)
            return TradeList(
                market=self.market,
                symbol=symbol,
                sequence=state.changed["trade"].sequence,
                age_seconds=age,
                stale=stale,
                trades=tuple(state.trade(stored) for stored in state.history.latest(limit)),
            )

    def snapshot(
        self, wanted: Selection, instruments: Mapping[str, wire.Instrument]
    ) -> tuple[int, Mapping[str, object]]:
        """Returns the store's sequence, and everything in a selection as the body of an answer.

        The body has `quotes`, `books`, `statuses`, `auctions` and `instruments`, and in `trades` the latest ones in the
        order they came. A symbol without an instrument has no book.
        """
        with self._lock:
            now = self._monotonic()
            names = wanted.of(self._states)
            states = [self._settle(self._states[name], now) for name in names]
            body: dict[str, object] = {"market": self.market, "sequence": self.sequence}
            if "quote" in wanted.kinds:
                body["quotes"] = [state.quote(now) for state in states]
            if "book" in wanted.kinds:
                known = [(state, instruments.get(state.listing.symbol)) for state in states]
                body["books"] = [state.depth(wanted.depth, unit, now) for state, unit in known if unit]
            if "trade" in wanted.kinds:
                body["trades"] = [trade for state in states for trade in state.latest_trades(SNAPSHOT_TRADES)]
            if "status" in wanted.kinds:
                body["statuses"] = [state.status() for state in states]
            if "auction" in wanted.kinds:
                body["auctions"] = [state.auction() for state in states]
            if "instrument" in wanted.kinds:
                body["instruments"] = [instruments[name] for name in names if name in instruments]
            return self.sequence, body

    def since(
        self, wanted: Selection, after: int, known: KnownKeys, instruments: Mapping[str, wire.Instrument]
    ) -> tuple[int, list[StreamEvent]]:
        """Returns the store's sequence, and the changes of a selection after the sequence `after`, in order.

        Of each thing only the latest version is told, and every trade that is held. A version that is in `known` comes
        without a body. A symbol that is followed no longer is told once.
        """
        with self._lock:
            now = self._monotonic()
            names = wanted.of(self._states)
            for symbol in names:
                self._settle(self._states[symbol], now)
            events = [
                event
                for symbol in names
                for event in self._states[symbol].since(wanted, after, known, instruments.get(symbol), now)
            ]
            events += self._gone_since(wanted, after)
            return self.sequence, sorted(events, key=itemgetter(0))

    def proof(self, wanted: Selection, known: int) -> answers.Proof:
        """Returns the ages of a selection's books, but of those that changed after the sequence `known`."""
        with self._lock:
            now = self._monotonic()
            states = [self._settle(self._states[symbol], now) for symbol in wanted.of(self._states)]
            ages = {
                state.listing.symbol: state.book_age(now) for state in states if state.changed["book"].sequence <= known
            }
            return answers.Proof(at=now, ages=ages)

    def clock(self) -> answers.ProofClock:
        """Returns the present moment of the clock that proofs are told by."""
        return answers.ProofClock(epoch=self.epoch, at=self._monotonic())

    def _gone_since(self, wanted: Selection, after: int) -> list[StreamEvent]:
        gone = {symbol: sequence for symbol, sequence in self._gone.items() if sequence > after}
        return [
            StreamEvent(Key(gone[symbol], "unfollowed", symbol), {"symbol": symbol, "sequence": gone[symbol]})
            for symbol in wanted.of(gone)
        ]

    def _settle(self, state: SymbolState, now: float) -> SymbolState:
        stale = bool(state.fault(now, self.stale_after))
        if stale != state.stale:
            state.stale = stale
            self._touch(state, "quote", "book")
        return state

    def _touch(self, state: SymbolState, *kinds: EventKind) -> None:
        """Gives several kinds a new sequence number: a fact that all of them tell has changed."""
        sequence = self._next(0.0).sequence
        for kind in kinds:
            state.changed[kind] = msgspec.structs.replace(state.changed[kind], sequence=sequence)

    def _next(self, received: float, venue_time: datetime | None = None) -> Change:
        self.sequence += 1
        if not self.moved.is_set():  # the thread that waits clears it before it reads the sequence
            self.moved.set()
        return Change(self.sequence, received, venue_time)
