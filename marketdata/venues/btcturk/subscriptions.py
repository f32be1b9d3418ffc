"""The pairs that are followed, the streams joined on the present socket, and the data awaited of each. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from common.wire import Instrument
from marketdata.venues.btcturk.frames import BOOK_CHANNELS, SOURCE, BookChannel
from marketdata.venues.btcturk.resync import ResyncTimings, Subscription

ALL = "all"
TICKERS_OF_ALL_ABOVE = 250
"""A frame of the stream of all tickers has 85 KB, one of a pair's ticker a third of a KB; both come at the same
pace."""
MINUTE_RESOLUTION = "1"
SOCKETS_PER_OUTAGE = 2


@dataclass(frozen=True)
class Followed:
    """The pairs that are followed.

    pairs: the pairs, as the venue spells them.
    book_channel: the channel that books come by.
    tradable: returns the pairs that the venue lists, with the rules of each; only those are joined.
    resting: returns those of them that the venue halted; they need bring no data.
    """

    pairs: Collection[str]
    book_channel: BookChannel
    tradable: Callable[[], Mapping[str, Instrument]]
    resting: Callable[[], Collection[str]] = frozenset

    def symbol(self, pair: str) -> str:
        """Returns the name of a pair in the rest of the stack."""
        return f"{SOURCE}:{pair}"

    def tick(self, pair: str) -> Decimal | None:
        """Returns the step of a pair's prices; None while it is not known."""
        instrument = self.tradable().get(pair)
        return None if instrument is None else instrument.tick_size


class Stream(NamedTuple):
    """A stream of the venue.

    channel, event: as the venue names them.
    pair: the pair that it is of; None for the stream of all pairs.
    """

    channel: str
    event: str
    pair: str | None

    @property
    def key(self) -> str:
        """The name of the stream, as acknowledgements and `frames.classify` spell it."""
        return f"{self.channel}:{self.event}"


class JoinRequest(NamedTuple):
    """A stream that has to be asked for again.

    stream: the stream.
    reason: the label to count it under.
    """

    stream: Stream
    reason: str


def streams_of(pairs: Collection[str], book_channel: BookChannel) -> list[Stream]:
    """Returns ticker, trades, book and present minute of each pair; with very many pairs one stream of all tickers."""
    tickers = [Stream("ticker", pair, pair) for pair in pairs]
    if len(pairs) > TICKERS_OF_ALL_ABOVE:
        tickers = [Stream("ticker", ALL, None)]
    return tickers + [
        stream
        for pair in pairs
        for stream in (
            Stream("trade", pair, pair),
            Stream(book_channel, pair, pair),
            Stream("tradeview", f"{pair}_{MINUTE_RESOLUTION}", pair),
        )
    ]


class BtcturkSubscriptions:
    """All streams. One that brings nothing is its own trouble. When most books bring nothing, the socket is at fault; a
    new one is tried `SOCKETS_PER_OUTAGE` times."""

    def __init__(self, streams: Sequence[Stream], timings: ResyncTimings) -> None:
        self._streams: dict[str, Stream] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._timings, self._missing, self._sockets = timings, 0, 0
        self.follow(streams)

    def follow(self, streams: Sequence[Stream]) -> None:
        """Adds streams. A pair needs no ticker of its own where one stream brings all of them."""
        new = {stream.key: stream for stream in streams if f"{stream.channel}:{ALL}" not in self._streams}
        self._streams = self._streams | new
        self._subscriptions = self._subscriptions | {key: Subscription(self._timings) for key in new}
        self._missing += len(new)

    def unfollow(self, pair: str) -> list[Stream]:
        """Forgets the streams of a pair. Returns those of them that are joined and to be left."""
        own = {key for key, stream in self._streams.items() if stream.pair == pair}
        joined = [self._streams[key] for key in own if self._subscriptions[key].joined]
        self._missing -= len(own) - len(joined)
        self._streams = {key: stream for key, stream in self._streams.items() if key not in own}
        self._subscriptions = {key: one for key, one in self._subscriptions.items() if key not in own}
        return joined

    def join_new(self, tradable: Collection[str], now: float) -> list[Stream]:
        """Returns the streams to join now: those that are not joined and whose pair the venue trades."""
        new = [
            stream
            for key, stream in self._streams.items()
            if not self._subscriptions[key].joined and (stream.pair in tradable if stream.pair else bool(tradable))
        ]
        for stream in new:
            self._subscriptions[stream.key].join(now)
        self._missing -= len(new)
        return new

    def leave_all_but(self, tradable: Collection[str]) -> list[Stream]:
        """Returns the streams to leave now: those that are joined and whose pair the venue lists no longer."""
        gone = [
            stream
            for key, stream in self._streams.items()
            if self._subscriptions[key].joined and stream.pair is not None and stream.pair not in tradable
        ]
        for stream in gone:
            self._subscriptions[stream.key].leave()
        self._missing += len(gone)
        return gone

    def complete(self) -> bool:
        """Returns true when every stream is joined."""
        return self._missing == 0

    def some(self) -> bool:
        """Returns true when any stream is joined."""
        return self._missing < len(self._streams)

    def close(self) -> None:
        """Notes that the socket is gone."""
        self._missing = len(self._streams)
        for subscription in self._subscriptions.values():
            subscription.close()

    def received(self, key: str) -> None:
        """Notes that good data of a stream came; a stream that is not followed is ignored."""
        subscription = self._subscriptions.get(key)
        if subscription is not None:
            subscription.received()
            if self._streams[key].channel in BOOK_CHANNELS:
                self._sockets = 0

    def lose(self, key: str, now: float, reason: str) -> JoinRequest | None:
        """Notes that a stream lost track. Returns the request that follows, or None."""
        found = self._subscriptions[key].lose(now, reason) if key in self._streams else None
        return JoinRequest(self._streams[key], found) if found else None

    def due(self, now: float) -> list[JoinRequest]:
        """Returns the requests for data that did not come in time."""
        found = ((key, subscription.due(now)) for key, subscription in self._subscriptions.items())
        return [JoinRequest(self._streams[key], reason) for key, reason in found if reason]

    def outage(self, resting: Collection[str] = ()) -> bool:
        """Returns true when a new socket is to be tried: most of the joined books bring nothing, though asked again.

        The pairs in `resting` need bring nothing.
        """
        books = [(key, stream) for key, stream in self._streams.items() if stream.channel in BOOK_CHANNELS]
        trading = [self._subscriptions[key] for key, stream in books if stream.pair not in resting]
        joined = [subscription for subscription in trading if subscription.joined]
        if 2 * sum(book.silent for book in joined) <= len(joined) or self._sockets >= SOCKETS_PER_OUTAGE:
            return False
        self._sockets += 1
        return True

    def stream(self, key: str) -> Stream | None:
        """Returns the stream of a key, or None when it is not followed."""
        return self._streams.get(key)

    def silent(self, resting: Collection[str] = ()) -> list[str]:
        """Returns the keys of the streams that were joined and asked for again, and still bring nothing.

        The pairs in `resting` need bring nothing.
        """
        streams = self._streams  # the worker's thread may replace it meanwhile
        silent = (key for key, subscription in self._subscriptions.items() if subscription.silent)
        return [key for key in silent if key in streams and streams[key].pair not in resting]
