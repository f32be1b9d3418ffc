"""The worker: applies arrivals in order, joins streams, and asks again for streams that lost track."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from dataclasses import dataclass

from common.clock import Clock
from marketdata.link.inbox import Arrival
from marketdata.link.worker import TIMERS_SECONDS, LinkEnds, Worker
from marketdata.state.candles import MissedTrades
from marketdata.state.candlestore import CandleStore
from marketdata.state.store import Store
from marketdata.venues.btcturk import frames
from marketdata.venues.btcturk.intake import BtcturkIntake, StreamHooks
from marketdata.venues.btcturk.notes import (
    ChangedInstrument,
    FetchedTickers,
    FetchedTrades,
    FollowedPair,
    Note,
    Notes,
    RightBook,
    UnfollowedPair,
    WrongBook,
)
from marketdata.venues.btcturk.resync import ResyncTimings
from marketdata.venues.btcturk.subscriptions import BtcturkSubscriptions, Followed, JoinRequest, streams_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mailbox:
    """The worker's connection to the threads that make REST calls.

    notes: the notes from them.
    missed: tells them the pair and the span of trades that were missed.
    hint: tells them the reason why the instruments may have changed.
    """

    notes: Notes
    missed: Callable[[str, MissedTrades], None]
    hint: Callable[[str], None] = log.debug


class BtcturkFeed(Worker):
    """The worker of BTCTurk."""

    def __init__(
        self,
        followed: Followed,
        ends: LinkEnds,
        *,
        store: Store,
        candles: CandleStore,
        timings: ResyncTimings,
        mailbox: Mailbox,
        clock: Clock,
    ) -> None:
        super().__init__("btcturk-worker", ends)
        self._subscriptions = BtcturkSubscriptions(streams_of(followed.pairs, followed.book_channel), timings)
        hooks = StreamHooks(self._subscriptions.received, self._lose, mailbox.missed)
        self._intake = BtcturkIntake(followed, store=store, candles=candles, counters=ends.counters, hooks=hooks)
        self._followed, self._notes, self._hint = followed, mailbox.notes, mailbox.hint
        self._strange = 0
        self._monotonic, self._unix = clock.monotonic, clock.unix
        self._no_data, self._unproved = timings.no_data, timings.unproved
        self._open = False
        self._timers_at = self._data_at = 0.0

    def trouble(self) -> str | None:
        """Returns the streams that bring nothing though they were asked for again, or None."""
        silent = self._subscriptions.silent(self._followed.resting())
        return f"no data on {', '.join(silent[:20])}" if silent else None

    def step(self, timeout: float) -> None:
        """Applies arrivals, waiting up to `timeout` seconds for the first, then does what is due."""
        for arrival in self._arrivals(timeout):
            if arrival.kind == "frame":
                if self._intake.read(arrival.payload, arrival.at, arrival.received):
                    self._data_at = arrival.at
            else:
                self._apply(arrival)
        now = self._monotonic()
        if now >= self._timers_at:
            self._timers_at = now + TIMERS_SECONDS
            self._read_notes()
            self._hint_at_strangers()
            self._join_new(now)
            self._end_silence(now)
            self._ask_unproved()
            self._ask_due(now)

    def lose_all(self) -> None:
        """Marks every book of the venue as lost."""
        self._intake.lose_all("worker_failure", self._unix())

    def _apply(self, arrival: Arrival) -> None:
        match arrival.kind:
            case "lost":
                self._lose(arrival.payload.decode(), "dropped")
            case "opened":
                self._open, self._timers_at, self._data_at = True, 0.0, arrival.at
            case "closed":
                self._open = False
                self._subscriptions.close()
                self._intake.lose_all("socket_ended", arrival.received)

    def _read_notes(self) -> None:
        try:
            while True:
                self._read_note(self._notes.get_nowait())
        except queue.Empty:
            return

    def _read_note(self, note: Note) -> None:
        """Does what a note asks for. One about a pair that is followed no longer comes too late."""
        match note:
            case FollowedPair():
                self._intake.pairs.follow(note.pair)
                self._subscriptions.follow(streams_of((note.pair,), self._followed.book_channel))
            case UnfollowedPair():
                self._unfollow(note)
            case FetchedTickers():
                self._intake.apply_tickers(note, self._unix())
            case FetchedTrades() if note.trades.pair in self._intake.pairs:
                self._intake.apply_trades(note, self._unix())
            case ChangedInstrument() if note.pair in self._intake.pairs:
                self._apply_change(note)
            case WrongBook() if note.pair in self._intake.pairs:
                self._lose(f"{self._followed.book_channel}:{note.pair}", note.reason)
                self._intake.audited(note.pair, right=False, at=self._monotonic(), received=self._unix())
            case RightBook() if note.pair in self._intake.pairs:
                self._intake.audited(note.pair, right=True, at=self._monotonic(), received=self._unix())

    def _unfollow(self, note: UnfollowedPair) -> None:
        for stream in self._subscriptions.unfollow(note.pair):
            self._link.send(frames.subscription(stream.channel, stream.event, join=False))
        self._intake.pairs.unfollow(note.pair)
        note.left()

    def _apply_change(self, change: ChangedInstrument) -> None:
        self._intake.apply_instrument(change, self._unix())
        self._leave_unlisted()
        if change.new_tick:
            self._lose(f"{self._followed.book_channel}:{change.pair}", "new_tick")

    def _hint_at_strangers(self) -> None:
        """Hints at a change after a refused join, a frame of an unknown pair or a price off its tick."""
        counters = self._counters
        strange = counters.refused_joins + counters.decode_errors["pair"] + self._intake.off_tick
        if strange != self._strange:
            self._strange = strange
            self._hint("a join was refused, or a frame had an unknown pair or a price off its tick")

    def _leave_unlisted(self) -> None:
        """Leaves the streams of pairs that the venue lists no longer; their books are shown as stale."""
        for stream in self._subscriptions.leave_all_but(self._followed.tradable()):
            self._link.send(frames.subscription(stream.channel, stream.event, join=False))
            if stream.pair is not None:
                self._intake.lose(stream.pair, stream.channel, "not listed", self._unix())

    def _join_new(self, now: float) -> None:
        if not self._open or self._subscriptions.complete():
            return
        for stream in self._subscriptions.join_new(self._followed.tradable(), now):
            self._link.send(frames.subscription(stream.channel, stream.event, join=True))

    def _end_silence(self, now: float) -> None:
        """Replaces a socket that answers pings and brings no data: nothing proves the books that are shown."""
        silent = self._open and self._subscriptions.some() and now - self._data_at > self._no_data
        if silent and not self._behind() and not self._all_rest():
            self._data_at = now
            self._counters.resyncs["no_data"] += 1
            self._intake.lose_all("no_data", self._unix())
            self._link.drop(f"no data for {self._no_data:.0f} s")

    def _all_rest(self) -> bool:
        return len(self._followed.resting()) == len(self._followed.tradable())

    def _ask_unproved(self) -> None:
        """Asks again for each book that nothing proved for too long: neither its own frames nor an agreeing ticker."""
        if self._open and not self._behind():
            resting = self._followed.resting()
            for pair in (pair for pair in self._intake.unproved(self._unproved) if pair not in resting):
                self._lose(f"{self._followed.book_channel}:{pair}", "unproved")

    def _ask_due(self, now: float) -> None:
        due = self._subscriptions.due(now)
        late = any(request.reason == "resync_timeout" for request in due)
        if late and self._subscriptions.outage(self._followed.resting()):
            self._counters.resyncs["resync_timeout"] += 1
            self._link.drop("most books brought nothing after leaving and joining again")
            return
        for request in due:
            self._ask_again(request)

    def _lose(self, key: str, reason: str) -> None:
        """Marks the data of a stream as stale, and asks for the stream again."""
        stream = self._subscriptions.stream(key)
        if stream is None:
            return
        if stream.pair is not None:
            self._intake.lose(stream.pair, stream.channel, reason, self._unix())
        request = self._subscriptions.lose(key, self._monotonic(), reason)
        if request is not None:
            self._ask_again(request)

    def _ask_again(self, request: JoinRequest) -> None:
        stream, reason = request
        self._counters.resyncs[reason] += 1
        if reason in ("no_first_data", "resync_timeout"):
            self._counters.no_data[stream.channel] += 1
            self._hint(f"{stream.key} stays silent")
        log.warning("a stream is asked for again", extra={"stream": stream.key, "reason": reason})
        for join in (False, True):
            self._link.send(frames.subscription(stream.channel, stream.event, join=join))
