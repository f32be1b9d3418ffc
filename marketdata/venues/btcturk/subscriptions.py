"""Which streams are joined on the present socket, and what is awaited of each. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from marketdata.venues.btcturk.resync import Action, Patience, Subscription
from marketdata.venues.btcturk.frames import BOOK_CHANNELS, BookChannel

ALL = "all"
TICKERS_OF_ALL_ABOVE = 250
"""The stream of all tickers is 85 KB a frame whatever is followed, a pair's is a third of one, at the same pace."""
MINUTE_RESOLUTION = "1"


class Stream(NamedTuple):
    """A channel and an event as the venue names them; `pair` is None for the stream that is of all pairs."""

    channel: str
    event: str
    pair: str | None

    @property
    def key(self) -> str:
        """The name of the stream, as acknowledgements and `btcturk.classify` spell it."""
        return f"{self.channel}:{self.event}"


class Order(NamedTuple):
    """A stream that has to be asked for again, how, and why."""

    stream: Stream
    action: Action
    reason: str


def streams_of(pairs: Sequence[str], book: BookChannel) -> list[Stream]:
    """Ticker, trades, `book` and the present minute of each pair; with very many pairs one stream of all tickers."""
    tickers = [Stream("ticker", pair, pair) for pair in pairs]
    if len(pairs) > TICKERS_OF_ALL_ABOVE:
        tickers = [Stream("ticker", ALL, None)]
    return tickers + [
        stream
        for pair in pairs
        for stream in (
            Stream("trade", pair, pair),
            Stream(book, pair, pair),
            Stream("tradeview", f"{pair}_{MINUTE_RESOLUTION}", pair),
        )
    ]


class Subscriptions:
    """All streams. A book or a list of trades that never comes is worth a new socket; a ticker or a bar is not, since
    the stack can do without them."""

    def __init__(self, streams: Sequence[Stream], patience: Patience) -> None:
        self._streams = {stream.key: stream for stream in streams}
        self._subscriptions = {
            stream.key: Subscription(patience, vital=stream.channel in (*BOOK_CHANNELS, "trade")) for stream in streams
        }
        self._missing = len(self._streams)

    def join_new(self, tradable: Collection[str], now: float) -> list[Stream]:
        """The streams to join now: those that are not joined and whose pair the venue trades."""
        new = [
            stream
            for key, stream in self._streams.items()
            if not self._subscriptions[key].joined and (stream.pair in tradable if stream.pair else bool(tradable))
        ]
        for stream in new:
            self._subscriptions[stream.key].join(now)
        self._missing -= len(new)
        return new

    def complete(self) -> bool:
        """Whether every stream is joined."""
        return self._missing == 0

    def some(self) -> bool:
        """Whether any stream is joined."""
        return self._missing < len(self._streams)

    def close(self) -> None:
        """The socket is gone."""
        self._missing = len(self._streams)
        for subscription in self._subscriptions.values():
            subscription.close()

    def come(self, key: str) -> None:
        """A stream's first data came, or more of it; a stream that is not followed is ignored."""
        subscription = self._subscriptions.get(key)
        if subscription is not None:
            subscription.come()

    def lose(self, key: str, now: float, reason: str) -> Order | None:
        """A stream lost track. What to do about it, if anything."""
        found = self._subscriptions[key].lose(now, reason) if key in self._streams else None
        return Order(self._streams[key], *found) if found else None

    def due(self, now: float) -> list[Order]:
        """What the clock asks for."""
        found = ((key, subscription.due(now)) for key, subscription in self._subscriptions.items())
        return [Order(self._streams[key], *step) for key, step in found if step]

    def stream(self, key: str) -> Stream | None:
        """The stream of a key, if it is followed."""
        return self._streams.get(key)

    def silent(self) -> list[str]:
        """The keys of the streams that were joined and asked for again, and still bring nothing."""
        return [key for key, subscription in self._subscriptions.items() if subscription.silent]
