"""The worker: takes arrivals in, in order; joins streams, applies what frames say, and asks again for what was lost."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Collection, Sequence

from marketdata.venues.btcturk.intake import Figures, Found, Intake, Notes
from marketdata.venues.btcturk.resync import Action, Patience
from marketdata.venues.btcturk.subscriptions import Order, Subscriptions, streams_of
from marketdata.link.inbox import Arrival, Inbox
from marketdata.link.worker import TIMERS_SECONDS, Link, Worker
from marketdata.state.candles import Missed
from marketdata.state.candlestore import CandleStore
from marketdata.state.store import Store
from marketdata.counters import Tally
from marketdata.venues.btcturk import frames

log = logging.getLogger(__name__)


class Feed(Worker):
    """One venue's feed, its books by the `book` channel. `tradable()` names the pairs that the venue trades; only those
    are joined. `notes` is what other threads tell it; `missed` is told the pair and span of trades that were missed.
    `clock` is monotonic, `wall_clock` gives unix seconds."""

    def __init__(
        self,
        pairs: Sequence[str],
        *,
        book: frames.BookChannel,
        store: Store,
        candles: CandleStore,
        inbox: Inbox,
        link: Link,
        tally: Tally,
        tradable: Callable[[], Collection[str]],
        patience: Patience,
        notes: Notes,
        missed: Callable[[str, Missed], None],
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        super().__init__("feed-worker", inbox, link, tally)
        self._subscriptions = Subscriptions(streams_of(pairs, book), patience)
        self._intake = Intake(
            pairs,
            book=book,
            store=store,
            candles=candles,
            tally=tally,
            come=self._subscriptions.come,
            lose=self._lose,
            missed=missed,
        )
        self._book, self._store, self._notes = book, store, notes
        self._tradable, self._clock, self._wall_clock = tradable, clock, wall_clock
        self._no_data = patience.no_data
        self._open = False
        self._timers_at = self._data_at = 0.0

    def trouble(self) -> str | None:
        """The streams that bring nothing though they were asked for again, or None."""
        silent = self._subscriptions.silent()
        return f"no data on {', '.join(silent[:20])}" if silent else None

    def step(self, timeout: float) -> None:
        """Takes arrivals in, waiting up to `timeout` seconds for the first, then sees to the timers."""
        for arrival in self._arrivals(timeout):
            if arrival.kind == "frame":
                self._data_at = arrival.at
                self._intake.read(arrival.payload, arrival.received)
                self._store.proved(frames.SOURCE, arrival.at)
            else:
                self._take(arrival)
        now = self._clock()
        if now >= self._timers_at:
            self._timers_at = now + TIMERS_SECONDS
            self._take_notes()
            self._join_new(now)
            self._end_silence(now)
            for order in self._subscriptions.due(now):
                self._obey(order)

    def lose_all(self) -> None:
        """No book of the venue is live."""
        self._intake.lose_all(self._wall_clock())

    def _take(self, arrival: Arrival) -> None:
        match arrival.kind:
            case "heartbeat":
                if arrival.at - self._data_at <= self._no_data / 2:
                    self._store.proved(frames.SOURCE, arrival.at)
            case "lost":
                self._lose(arrival.payload.decode(), "dropped")
            case "opened":
                self._open, self._timers_at, self._data_at = True, 0.0, arrival.at
            case "closed":
                self._open = False
                self._subscriptions.close()
                self._intake.lose_all(arrival.received)

    def _take_notes(self) -> None:
        try:
            while True:
                note = self._notes.get_nowait()
                if isinstance(note, Found):
                    self._intake.take_found(note, self._wall_clock())
                elif isinstance(note, Figures):
                    self._intake.take_figures(note, self._wall_clock())
                else:
                    self._lose(f"{self._book}:{note.pair}", note.reason)
        except queue.Empty:
            return

    def _join_new(self, now: float) -> None:
        if not self._open or self._subscriptions.complete():
            return
        for stream in self._subscriptions.join_new(self._tradable(), now):
            self._link.send(frames.subscription(stream.channel, stream.event, join=True))

    def _end_silence(self, now: float) -> None:
        """A venue may answer pings and yet have nothing more to say: then nothing vouches for what is shown."""
        silent = self._open and self._subscriptions.some() and now - self._data_at > self._no_data
        if silent and not self._behind():
            self._data_at = now
            self._tally.resyncs["no_data"] += 1
            self._intake.lose_all(self._wall_clock())
            self._link.drop(f"no data for {self._no_data:.0f} s")

    def _lose(self, key: str, reason: str) -> None:
        """A stream lost track: what it fed is stale from now on, and it is asked for again."""
        stream = self._subscriptions.stream(key)
        if stream is None:
            return
        if stream.pair is not None:
            self._intake.lose(stream.pair, stream.channel, self._wall_clock())
        order = self._subscriptions.lose(key, self._clock(), reason)
        if order is not None:
            self._obey(order)

    def _obey(self, order: Order) -> None:
        stream, action, reason = order
        self._tally.resyncs[reason] += 1
        self._tally.no_data[stream.channel] += reason in ("no_first_data", "resync_timeout")
        log.warning(
            "a stream is asked for again", extra={"stream": stream.key, "reason": reason, "by": action.name.lower()}
        )
        if action is Action.RECONNECT:
            self._link.drop(f"nothing came on {stream.key} after leaving and joining again")
            return
        for join in (False, True):
            self._link.send(frames.subscription(stream.channel, stream.event, join=join))
