"""The store that the feeds write: it keeps the latest state, and gives each change the next sequence number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from marketdata.events import BookDiff, BookSnapshot, Equilibrium, Ticker, Trades, VenueTrade
from marketdata.state.book import REPEATED_DIFF, LiveBook, Sides
from marketdata.state.listing import BySymbol, Listing
from marketdata.state.reader import StoreReader
from marketdata.state.rowbook import RowBook, TopBook
from marketdata.state.selection import KINDS
from marketdata.state.symbol import Change, SymbolState, SymbolStatus
from marketdata.state.trades import StoredTrade


class Store(StoreReader):
    """The feeds' workers write it, any thread reads it. A symbol that is not followed raises `NotFollowed`."""

    def follow(self, listing: Listing) -> None:
        """Begins to keep the state of one more symbol, of a source that has others."""
        with self._lock:
            if listing.symbol not in self._states:
                now, source = self._monotonic(), self._sources[listing.source]
                state = SymbolState.fresh(listing, source, self.market, self._unix(), now)
                self._gone.pop(listing.symbol, None)
                self._show({**self._states, listing.symbol: state})
                self._touch(state, *KINDS)

    def unfollow(self, symbol: str) -> None:
        """Drops a symbol, which its venue's worker must write no more. Streams are told so by an event."""
        with self._lock:
            if symbol in self._states:
                self._show({name: state for name, state in self._states.items() if name != symbol})
                self._gone[symbol] = self._next(0.0).sequence

    def prove_book(self, symbol: str, at: float) -> None:
        """Notes that a frame of time `at` told the symbol's book, or agreed with it. A lost book can't be proved."""
        state = self._states[symbol]
        if state.book.live and at > state.book_proved_at:
            state.book_proved_at = at

    def prove_trades(self, symbol: str, at: float) -> None:
        """Notes that a frame of time `at` told the symbol's trades, or agreed with the newest one."""
        state = self._states[symbol]
        if state.history_live and at > state.trades_proved_at:
            state.trades_proved_at = at

    def prove_all(self, source: str, at: float) -> None:
        """Notes that nothing of a source can have changed until `at`: it is closed."""
        for symbol in self.of_source(source):
            self.prove_book(symbol, at)
            self.prove_trades(symbol, at)

    def doubt(self, symbol: str, reason: str, received: float) -> None:
        """Makes a symbol's book stale though it is whole; an empty reason ends the doubt."""
        with self._lock:
            state = self._states[symbol]
            if reason != state.doubt:
                state.doubt = reason
                state.changed["quote"] = state.changed["book"] = self._next(received)

    def set_delayed(self, source: str, delayed: bool) -> None:
        """Notes that the source's data is, or is no longer, minutes old by contract."""
        with self._lock:
            if delayed != self._sources[source].delayed:
                self._sources[source].delayed = delayed
                for symbol in self.of_source(source):
                    self._touch(self._states[symbol], "quote", "book", "status", "auction")

    def apply_book(self, symbol: str, event: BookSnapshot | BookDiff, received: float) -> str | None:
        """Applies a frame of a sequenced book.

        Returns the fault, one of `book.FAULTS`, that made the book stale, or None.
        """
        with self._lock:
            state = self._states[symbol]
            book = state.book
            if not isinstance(book, LiveBook):
                raise TypeError(f"{symbol} is not kept by diffs")
            was_live = book.live
            fault = book.apply(event) if isinstance(event, BookDiff) else book.snapshot(event)
            if fault is None:
                self._book_changed(state, was_live, received, None)
            elif was_live:
                self._lost(state, fault, received)
            return fault

    def drain_oddities(self, symbol: str, into: Counter[str]) -> bool:
        """Moves the harmless oddities that a symbol's book has met to a count of its venue.

        Returns true when a frame once more was among them.
        """
        book = self._states[symbol].book
        if not isinstance(book, LiveBook) or not book.oddities:
            return False
        repeated = REPEATED_DIFF in book.oddities
        into.update(book.oddities)
        book.oddities.clear()
        return repeated

    def apply_rows(self, symbol: str, sides: Sides, received: float, venue_time: datetime | None) -> None:
        """Publishes the levels of a row book, once its rows make sense."""
        with self._lock:
            state = self._states[symbol]
            book = state.book
            if not isinstance(book, RowBook):
                raise TypeError(f"{symbol} is not kept by rows")
            was_live = book.live
            book.show(sides)
            self._book_changed(state, was_live, received, venue_time)

    def apply_ticker(self, symbol: str, ticker: Ticker, received: float) -> None:
        """Applies last price and daily change. Venues repeat themselves often, and a repeat is no change."""
        with self._lock:
            state = self._states[symbol]
            last = state.last if ticker.last is None else ticker.last
            figures = (last, ticker.daily_change_percent)
            changed = (state.last, state.daily_change_percent) != figures
            state.last, state.daily_change_percent = figures
            if isinstance(state.book, TopBook):
                was_live = state.book.live
                state.book.apply(ticker)
                changed = changed or not was_live or state.book.top() != state.top
                state.top = state.book.top()
            if changed:
                state.changed["quote"] = self._next(received, ticker.venue_time)

    def apply_trades(self, symbol: str, event: Trades, received: float) -> list[VenueTrade]:
        """Adds the trades that are new, and returns them, oldest first.

        A replay also proves that the stream of trades is on. A replay that does not reach back to a held trade shows
        that trades were missed.
        """
        with self._lock:
            state = self._states[symbol]
            state.history_live = state.history_live or event.replay
            if event.replay and event.trades and len(state.history) and not state.history.overlaps(event.trades):
                state.missing = self._next(received).sequence
            new = state.history.unknown(event.trades)
            if not new:
                return new
            dropped = state.history.add([StoredTrade(trade, self._next(received).sequence, received) for trade in new])
            state.missing = max([state.missing, *(stored.sequence for stored in dropped)])
            newest = state.history.latest(1)[0].trade
            state.changed["trade"] = Change(self.sequence, received, newest.venue_time)
            if state.last is None or (not event.replay and newest == new[-1] and newest.price != state.last):
                state.last, state.changed["quote"] = newest.price, state.changed["trade"]
            return new

    def restore_trades(self, symbol: str, trades: Sequence[VenueTrade], received: float) -> None:
        """Adds trades that an earlier start kept. They prove nothing: the stream of trades is not on for them."""
        with self._lock:
            state = self._states[symbol]
            new = state.history.unknown(trades)
            state.history.add([StoredTrade(trade, self._next(received).sequence, received) for trade in new])
            if new:
                state.changed["trade"] = Change(self.sequence, received, new[-1].venue_time)

    def apply_equilibrium(self, symbol: str, equilibrium: Equilibrium, received: float) -> None:
        """Applies the price at which a call auction would match."""
        with self._lock:
            state = self._states[symbol]
            before = state.equilibrium
            state.equilibrium = equilibrium
            if (before and (before.price, before.quantity)) != (equilibrium.price, equilibrium.quantity):
                state.changed["auction"] = self._next(received, equilibrium.venue_time)

    def set_status(self, symbol: str, status: SymbolStatus, received: float) -> None:
        """Applies phase, reference price and limits. Quote, book and auction tell the phase too, a book the limits."""
        with self._lock:
            state = self._states[symbol]
            if status == state.symbol_status:
                return
            if status.phase != state.symbol_status.phase:
                self._touch(state, "quote", "book", "auction")
            elif (status.floor, status.ceiling) != (state.symbol_status.floor, state.symbol_status.ceiling):
                self._touch(state, "book")
            state.symbol_status, state.changed["status"] = status, self._next(received)

    def instrument_changed(self, symbol: str, received: float) -> None:
        """Notes that a symbol's instrument is another one now; readers are given it with each call."""
        with self._lock:
            self._states[symbol].changed["instrument"] = self._next(received)

    def lose(self, symbol: str, reason: str, received: float) -> None:
        """Marks a symbol's book as no longer certain."""
        with self._lock:
            state = self._states[symbol]
            was_live = state.book.live
            state.book.lose()
            if was_live:
                self._lost(state, reason, received)

    def lose_trades(self, symbol: str) -> None:
        """Marks a symbol's stream of trades as no longer on."""
        self._states[symbol].history_live = False

    def lose_all(self, source: str, reason: str, received: float) -> None:
        """Marks every book and stream of trades of a source as no longer live."""
        with self._lock:
            for symbol in self.of_source(source):
                self.lose(symbol, reason, received)
                self.lose_trades(symbol)

    def _show(self, states: Mapping[str, SymbolState]) -> None:
        """Replaces the states by others: readers without the lock go through the old ones to the end."""
        self._states = BySymbol(states)
        self.symbols = tuple(states)

    def _book_changed(self, state: SymbolState, was_live: bool, received: float, venue_time: datetime | None) -> None:
        change = state.changed["book"] = self._next(received, venue_time)
        top = state.book.top()
        if top != state.top or not was_live:
            state.top, state.changed["quote"] = top, change

    def _lost(self, state: SymbolState, reason: str, received: float) -> None:
        state.lost_by = reason
        state.changed["quote"] = state.changed["book"] = self._next(received)
