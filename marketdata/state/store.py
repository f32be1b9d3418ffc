"""Where the feeds write: what a venue said becomes the latest state, and each change gets the next sequence number."""

from __future__ import annotations

from datetime import datetime

from marketdata.state.book import LiveBook, Sides
from marketdata.state.reader import Latest
from marketdata.state.rowbook import RowBook, TopBook
from marketdata.state.symbol import Change, Standing, State
from marketdata.state.trades import Kept
from marketdata.events import Balance, BookDiff, BookSnapshot, Ticker, Trades, VenueTrade


class Store(Latest):
    """Written by the feeds' workers, read by any thread. A symbol that is not configured raises `KeyError`."""

    def proved(self, source: str, at: float) -> None:
        """A frame that arrived at `at` was taken in: live books of the source were right until then."""
        self._sources[source].proved_at = at

    def set_delayed(self, source: str, delayed: bool) -> None:
        """Whether what the source sends is minutes old by contract."""
        with self._lock:
            if delayed != self._sources[source].delayed:
                self._sources[source].delayed = delayed
                for symbol in self.of_source(source):
                    self._touch(self._states[symbol], "quote", "book", "status", "auction")

    def apply_book(self, symbol: str, event: BookSnapshot | BookDiff, received: float) -> str | None:
        """Takes a frame of a sequenced book in; or the fault (see `book.FAULTS`) that made the book stale."""
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
                self._lost(state, received)
            return fault

    def apply_rows(self, symbol: str, sides: Sides, received: float, venue_time: datetime | None) -> None:
        """Takes in what the rows of a book without sequence say, once they make sense."""
        with self._lock:
            state = self._states[symbol]
            book = state.book
            if not isinstance(book, RowBook):
                raise TypeError(f"{symbol} is not kept by rows")
            was_live = book.live
            book.show(sides)
            self._book_changed(state, was_live, received, venue_time)

    def apply_ticker(self, symbol: str, ticker: Ticker, received: float) -> None:
        """Takes last price and daily change in; venues repeat themselves often, and a repeat is no change."""
        with self._lock:
            state = self._states[symbol]
            told = (ticker.last, ticker.daily_change_percent)
            changed = (state.last, state.daily_change_percent) != told
            state.last, state.daily_change_percent = told
            if isinstance(state.book, TopBook):
                was_live = state.book.live
                state.book.take(ticker)
                changed = changed or not was_live or state.book.top() != state.top
                state.top = state.book.top()
            if changed:
                state.changed["quote"] = self._next(received, ticker.venue_time)

    def apply_trades(self, symbol: str, event: Trades, received: float) -> list[VenueTrade]:
        """Takes new trades in and gives them back, oldest first; known ones are skipped. A replay also says that the
        stream of trades is on; one that does not reach back to what is held says that some were missed."""
        with self._lock:
            state = self._states[symbol]
            state.history_live = state.history_live or event.replay
            if event.replay and event.trades and len(state.history) and not state.history.overlaps(event.trades):
                state.missing = self._next(received).sequence
            new = state.history.unknown(event.trades)
            if not new:
                return new
            dropped = state.history.add([Kept(trade, self._next(received).sequence, received) for trade in new])
            state.missing = max([state.missing, *(kept.sequence for kept in dropped)])
            newest = state.history.latest(1)[0].trade
            state.changed["trade"] = Change(self.sequence, received, newest.venue_time)
            if state.last is None or (not event.replay and newest == new[-1] and newest.price != state.last):
                state.last, state.changed["quote"] = newest.price, state.changed["trade"]
            return new

    def apply_balance(self, symbol: str, balance: Balance, received: float) -> None:
        """Takes in where a call auction would match."""
        with self._lock:
            state = self._states[symbol]
            before = state.balance
            state.balance = balance
            if (before and (before.price, before.quantity)) != (balance.price, balance.quantity):
                state.changed["auction"] = self._next(received, balance.venue_time)

    def set_standing(self, symbol: str, standing: Standing, received: float) -> None:
        """Takes in phase, reference price and limits; quote, book and auction tell the phase too, a book the limits."""
        with self._lock:
            state = self._states[symbol]
            if standing == state.standing:
                return
            if standing.phase != state.standing.phase:
                self._touch(state, "quote", "book", "auction")
            elif (standing.floor, standing.ceiling) != (state.standing.floor, state.standing.ceiling):
                self._touch(state, "book")
            state.standing, state.changed["status"] = standing, self._next(received)

    def lose(self, symbol: str, received: float) -> None:
        """Nothing vouches for a symbol's book any more."""
        with self._lock:
            state = self._states[symbol]
            was_live = state.book.live
            state.book.lose()
            if was_live:
                self._lost(state, received)

    def lose_all(self, source: str, received: float) -> None:
        """The source's socket is gone: none of its books and streams of trades is live."""
        with self._lock:
            for symbol, state in self._states.items():
                if state.source.name == source:
                    self.lose(symbol, received)
                    state.history_live = False

    def _book_changed(self, state: State, was_live: bool, received: float, venue_time: datetime | None) -> None:
        change = state.changed["book"] = self._next(received, venue_time)
        top = state.book.top()
        if top != state.top or not was_live:
            state.top, state.changed["quote"] = top, change

    def _lost(self, state: State, received: float) -> None:
        state.proved_at = state.source.proved_at
        state.changed["quote"] = state.changed["book"] = self._next(received)
