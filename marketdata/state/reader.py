"""The latest state of every symbol, for any thread to read; whoever waits for a change is woken."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter

import msgspec

from common import wire
from marketdata.state.listing import Listing
from marketdata.state.selection import EventKind, Held, Selection, Told
from marketdata.state.symbol import Change, Source, State

SNAPSHOT_TRADES = 50


class TradeList(wire.Message, frozen=True, kw_only=True):
    """The latest trades of a symbol, newest first; `stale` when the venue's stream of them is not known to be on."""

    market: wire.Market
    symbol: str
    sequence: int
    age_seconds: float
    stale: bool
    trades: tuple[wire.Trade, ...]


class Latest:
    """What `Store` is for its readers. A symbol that is not configured raises `KeyError`.

    Frames of one socket come in order, so any frame of a source proves every live book of it: age counts from the
    last frame that was taken in. Becoming stale, or fresh again, is a change like any other: it gets a sequence number
    from whoever looks first. `clock` is monotonic; `started` is unix seconds. `moved` is set by every change and
    cleared by the one thread that waits for it. Sequences count within one `epoch`, which is the store's own.
    """

    def __init__(
        self,
        listings: Sequence[Listing],
        *,
        market: wire.Market,
        stale_after: float,
        clock: Callable[[], float],
        started: float,
    ) -> None:
        now = clock()
        self.symbols = tuple(listing.symbol for listing in listings)
        self.market: wire.Market = market
        self.stale_after = stale_after
        self.epoch = secrets.token_hex(4)
        self.sequence = 0
        self.moved = threading.Event()
        self._clock = clock
        self._lock = threading.RLock()
        self._sources = {listing.source: Source(listing.source, now) for listing in listings}
        self._states = {
            listing.symbol: State.fresh(listing, self._sources[listing.source], market, started) for listing in listings
        }

    def not_live(self, source: str | None = None) -> list[str]:
        """The symbols, of one source or of all, whose book is not live."""
        return [
            symbol
            for symbol, state in self._states.items()
            if not state.book.live and source in (None, state.source.name)
        ]

    def of_source(self, source: str) -> list[str]:
        """The symbols of a source."""
        return [symbol for symbol, state in self._states.items() if state.source.name == source]

    def age_seconds(self, symbol: str) -> float:
        """How long ago the feed last proved the symbol's book; since the start when it never did."""
        state = self._states[symbol]
        return state.age(state.book.live, self._clock())

    def settle(self) -> None:
        """Gives a sequence number to whatever became stale, or fresh again, since somebody last looked."""
        with self._lock:
            now = self._clock()
            for state in self._states.values():
                self._settle(state, now)

    def quote(self, symbol: str) -> wire.Quote:
        """The symbol's best bid and ask, last price and daily change."""
        return self.quotes([symbol])[1][0]

    def quotes(self, symbols: Iterable[str], *, after: int = -1) -> tuple[int, list[wire.Quote]]:
        """The store's sequence, and the quotes that changed after a sequence; all of them by default."""
        with self._lock:
            now = self._clock()
            states = [self._settle(self._states[name], now) for name in symbols]
            return self.sequence, [state.quote(now) for state in states if state.changed["quote"].sequence > after]

    def book(self, symbol: str, depth: int, instrument: wire.Instrument) -> wire.Book:
        """The best `depth` levels of each side."""
        with self._lock:
            now = self._clock()
            return self._settle(self._states[symbol], now).depth(depth, instrument, now)

    def status(self, symbol: str) -> wire.Status:
        """The symbol's phase, reference price and limits."""
        with self._lock:
            return self._states[symbol].status()

    def auction(self, symbol: str) -> wire.Auction:
        """Where the symbol's call auction would match."""
        with self._lock:
            return self._states[symbol].auction()

    def trades_age(self, symbol: str) -> tuple[float, bool]:
        """How long ago the symbol's stream of trades was last proved, and whether it is stale."""
        with self._lock:
            state, now = self._states[symbol], self._clock()
            live = state.history_live
            return state.age(live, now), state.too_old(live, now, self.stale_after)

    def trades(self, symbol: str, limit: int) -> TradeList:
        """The latest trades, newest first."""
        with self._lock:
            state = self._states[symbol]
            age, stale = self.trades_age(symbol)
            return TradeList(
                market=self.market,
                symbol=symbol,
                sequence=state.changed["trade"].sequence,
                age_seconds=age,
                stale=stale,
                trades=tuple(state.trade(kept) for kept in state.history.latest(limit)),
            )

    def snapshot(
        self, wanted: Selection, instruments: Mapping[str, wire.Instrument]
    ) -> tuple[int, Mapping[str, object]]:
        """The store's sequence, and all that there is of a selection as the body of an answer: `quotes`, `books`,
        `statuses` and `auctions`, and of `trades` the latest in the order they came. A symbol without an instrument has
        no book."""
        with self._lock:
            now = self._clock()
            states = [self._settle(self._states[name], now) for name in wanted.symbols]
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
            return self.sequence, body

    def since(
        self, wanted: Selection, after: int, held: Held, instruments: Mapping[str, wire.Instrument]
    ) -> tuple[int, list[Told]]:
        """The store's sequence, and what of a selection changed after `after`, in the order of its sequence: of each
        thing the latest, and every trade that is held. What the caller has in `held` comes without a body."""
        with self._lock:
            now = self._clock()
            for symbol in wanted.symbols:
                self._settle(self._states[symbol], now)
            told = [
                each
                for symbol in wanted.symbols
                for each in self._states[symbol].since(wanted, after, held, instruments.get(symbol), now)
            ]
            return self.sequence, sorted(told, key=itemgetter(0))

    def _settle(self, state: State, now: float) -> State:
        stale = state.too_old(state.book.live, now, self.stale_after)
        if stale != state.stale:
            state.stale = stale
            self._touch(state, "quote", "book")
        return state

    def _touch(self, state: State, *kinds: EventKind) -> None:
        """Something that several kinds tell has changed, though none of their values came anew."""
        sequence = self._next(0.0).sequence
        for kind in kinds:
            state.changed[kind] = msgspec.structs.replace(state.changed[kind], sequence=sequence)

    def _next(self, received: float, venue_time: datetime | None = None) -> Change:
        self.sequence += 1
        if not self.moved.is_set():  # whoever waits clears it before it looks at the sequence
            self.moved.set()
        return Change(self.sequence, received, venue_time)
