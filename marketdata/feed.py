"""The worker: takes arrivals in, in order; subscribes, applies what frames say, and asks again for a lost book."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from marketdata.inbox import Arrival, Inbox
from marketdata.resync import Action, BookSubscription, Patience
from marketdata.store import Store
from marketdata.tally import Tally
from marketdata.venues import btcturk
from marketdata.venues.events import Acknowledged, BookDiff, BookSnapshot, Event, Ticker, Trades, Unreadable

log = logging.getLogger(__name__)

TIMERS_SECONDS = 0.1
IDLE_SECONDS = 0.25
PAUSE_AFTER_FAILURE_SECONDS = 1.0


class Link(Protocol):
    """What the worker needs of a connection."""

    def send(self, text: str) -> bool: ...

    def drop(self, reason: str) -> None: ...


class Feed:
    """One venue's feed. `tradable()` names the pairs that the venue trades; only those are joined."""

    def __init__(
        self,
        pairs: Sequence[str],
        *,
        store: Store,
        inbox: Inbox,
        link: Link,
        tally: Tally,
        tradable: Callable[[], Collection[str]],
        patience: Patience,
        clock: Callable[[], float],
    ) -> None:
        self._symbols = {pair: f"{btcturk.SOURCE}:{pair}" for pair in pairs}
        self._books = {pair: BookSubscription(patience) for pair in pairs}
        self._store, self._inbox, self._link, self._tally = store, inbox, link, tally
        self._tradable, self._clock = tradable, clock
        self._open = False
        self._joined: set[str] = set()
        self._timers_at = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed-worker", daemon=True)

    def start(self) -> None:
        """Starts the worker's thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the worker's thread."""
        self._stop.set()
        self._thread.join(PAUSE_AFTER_FAILURE_SECONDS + IDLE_SECONDS)

    def step(self, timeout: float) -> None:
        """Takes at most one arrival in, waiting up to `timeout` seconds for it, then sees to the timers."""
        arrival = self._inbox.get(timeout)
        if arrival is not None:
            self._take(arrival)
        now = self._clock()
        if now >= self._timers_at:
            self._timers_at = now + TIMERS_SECONDS
            self._join_known(now)
            self._check_books(now)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.step(IDLE_SECONDS)
            except Exception:
                self._tally.failures["worker"] += 1
                self._tally.resyncs["worker_failure"] += 1
                log.exception("the feed's worker failed; the socket is replaced")
                self._link.drop("worker_failure")
                self._stop.wait(PAUSE_AFTER_FAILURE_SECONDS)

    def _take(self, arrival: Arrival) -> None:
        match arrival.kind:
            case "frame":
                self._read(arrival)
                self._store.proved(arrival.at)
            case "heartbeat":
                self._store.proved(arrival.at)
            case "opened":
                self._open, self._timers_at = True, 0.0
            case "closed":
                self._open = False
                self._joined.clear()
                self._store.lose_all(arrival.received)
                for book in self._books.values():
                    book.closed()

    def _read(self, arrival: Arrival) -> None:
        frame = btcturk.parse(arrival.payload)
        self._tally.frames[frame.kind] += 1
        for event in frame.events:
            self._apply(event, arrival.received)

    def _apply(self, event: Event, received: float) -> None:
        if isinstance(event, Unreadable):
            self._tally.decode_errors[event.reason] += 1
        elif isinstance(event, Acknowledged):
            self._tally.refused_joins += not event.ok
        elif event.pair not in self._symbols:
            self._tally.decode_errors["pair"] += 1
        elif isinstance(event, Ticker):
            self._store.apply_ticker(self._symbols[event.pair], event, received)
        elif isinstance(event, Trades):
            self._store.apply_trades(self._symbols[event.pair], event, received)
        elif event.channel == btcturk.BOOK_CHANNEL:
            self._apply_book(event, received)

    def _apply_book(self, event: BookSnapshot | BookDiff, received: float) -> None:
        fault = self._store.apply_book(self._symbols[event.pair], event, received)
        if fault is None:
            if isinstance(event, BookSnapshot):
                self._books[event.pair].live()
            return
        self._tally.book_gaps += fault == "gap"
        self._act(event.pair, self._books[event.pair].lost(self._clock()), fault)

    def _join_known(self, now: float) -> None:
        if not self._open or len(self._joined) == len(self._symbols):
            return
        tradable = self._tradable()
        for pair in self._symbols:
            if pair in tradable and pair not in self._joined:
                for channel in btcturk.CHANNELS:
                    self._link.send(btcturk.subscription(channel, pair, join=True))
                self._joined.add(pair)
                self._books[pair].joined(now)

    def _check_books(self, now: float) -> None:
        for pair, book in self._books.items():
            action = book.due(now)
            self._act(pair, action, "resync_timeout" if action is Action.RECONNECT else "no_first_data")

    def _act(self, pair: str, action: Action | None, reason: str) -> None:
        if action is None:
            return
        self._tally.resyncs[reason] += 1
        log.warning("a book is asked for again", extra={"pair": pair, "reason": reason, "by": action.name.lower()})
        if action is Action.RECONNECT:
            self._link.drop(f"no book of {pair} after leaving and joining again")
            return
        for join in (False, True):
            self._link.send(btcturk.subscription(btcturk.BOOK_CHANNEL, pair, join=join))
