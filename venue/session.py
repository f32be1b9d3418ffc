"""One client's side of the protocol: what it asked for, what it is owed. Pure: frames in, frames out."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from venue import frames
from venue.bars import Bar
from venue.ladder import Levels
from venue.market import PairView

MOST_SUBSCRIPTIONS = 4_000


ALL = "all"

Views = Mapping[str, PairView]


class _Subscription(msgspec.Struct):
    channel: str
    event: str
    join: bool


class _Again(msgspec.Struct):
    """A wish to be told once more what a model number says."""

    code: int
    channel: str
    event: str


_envelope = msgspec.json.Decoder(tuple[int, msgspec.Raw])
_subscription, _again = msgspec.json.Decoder(_Subscription), msgspec.json.Decoder(_Again)


@dataclass(slots=True)
class _Stream:
    """What a subscription was last told. `sequence` is its own `CS`."""

    sequence: int
    bids: Levels = ()
    asks: Levels = ()
    trade_count: int = 0
    candle: Bar | None = None


class Session:
    """The subscriptions of one socket. `rng` gives each its own base of `CS`, as the venue's never agree."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._joined: dict[tuple[str, str], _Stream] = {}
        self._channels: dict[str, Callable[[str, Views, _Stream], list[bytes]]] = {
            "ticker": self._ticker,
            "trade": self._trade,
            "tradeview": self._tradeview,
            "orderbook": self._orderbook,
            "obdiff": self._obdiff,
        }

    def __len__(self) -> int:
        return len(self._joined)

    def pairs(self) -> set[str]:
        """The pairs, known or not, of all subscriptions."""
        return {event.partition("_")[0] for _, event in self._joined}

    def receive(self, text: str | bytes, views: Views) -> list[bytes]:
        """The answers to one frame of the client: an acknowledgement and first data, or silence.

        As seen on the wire: whatever is named is acknowledged, known or not; a second join of the same is refused
        and changes nothing; what is neither a subscription nor a request gets no answer at all. A leave of what was
        never joined was not observed anywhere; it is refused here.
        """
        try:
            kind, body = _envelope.decode(text)
            if kind == frames.REQUEST:
                return self._answer(_again.decode(body), views)
            if kind == frames.SUBSCRIPTION:
                return self._subscribe(_subscription.decode(body), views)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        return []

    def due(self, views: Views) -> list[bytes]:
        """Everything that the client is owed at the end of a conflation period."""
        owed = []
        for (channel, event), stream in self._joined.items():
            if channel in self._channels:
                owed += self._channels[channel](event, views, stream)
        return owed

    def _answer(self, wish: _Again, views: Views) -> list[bytes]:
        """The last trades once more, to who has joined them; other models are not known to be asked for."""
        stream, view = self._joined.get((wish.channel, wish.event)), views.get(wish.event)
        if wish.code != frames.TRADES or wish.channel != "trade" or stream is None or view is None:
            return []
        stream.trade_count = view.trade_count
        return [frames.trade_list(view)]

    def _subscribe(self, request: _Subscription, views: Views) -> list[bytes]:
        if request.join and len(self._joined) >= MOST_SUBSCRIPTIONS:
            return []
        key = (request.channel, request.event)
        message = f"{'join' if request.join else 'leave'}|{request.channel}:{request.event}"
        held = key in self._joined
        ack = frames.result(held != request.join, message)
        if held and not request.join:
            del self._joined[key]
        if held or not request.join:
            return [ack]
        stream = self._joined[key] = _Stream(sequence=self._rng.randrange(1_000, 9_000_000))
        return [ack, *self._first(request.channel, request.event, views, stream)]

    def _first(self, channel: str, event: str, views: Views, stream: _Stream) -> list[bytes]:
        view = views.get(event)
        if channel == "trade" and view is not None:
            stream.trade_count = view.trade_count
            return [frames.trade_list(view)]
        if channel == "obdiff" and view is not None:
            stream.bids, stream.asks = view.bids, view.asks
            return [frames.book(view, "obdiff", stream.sequence)]
        return self._channels[channel](event, views, stream) if channel in self._channels else []

    def _ticker(self, event: str, views: Views, _stream: _Stream) -> list[bytes]:
        if event == ALL:
            return [frames.ticker_all(views.values())]
        return [frames.ticker(views[event])] if event in views else []

    def _trade(self, event: str, views: Views, stream: _Stream) -> list[bytes]:
        if event not in views:
            return []
        view = views[event]
        new = min(view.trade_count - stream.trade_count, len(view.trades))
        stream.trade_count = view.trade_count
        return [frames.trade_single(view.spec, trade) for trade in view.trades[len(view.trades) - new :]]

    def _tradeview(self, event: str, views: Views, stream: _Stream) -> list[bytes]:
        """The growing bar of `PAIR_RESOLUTION`, when it changed."""
        pair, _, resolution = event.partition("_")
        candle = views[pair].candles.get(resolution) if pair in views else None
        if candle is None or candle == stream.candle:
            return []
        stream.candle = candle
        return [frames.candle(views[pair].spec, resolution, candle)]

    def _orderbook(self, event: str, views: Views, stream: _Stream) -> list[bytes]:
        if event not in views or (views[event].bids, views[event].asks) == (stream.bids, stream.asks):
            return []
        view = views[event]
        stream.bids, stream.asks = view.bids, view.asks
        stream.sequence += 1
        return [frames.book(view, "orderbook", stream.sequence)]

    def _obdiff(self, event: str, views: Views, stream: _Stream) -> list[bytes]:
        if event not in views:
            return []
        view = views[event]
        asks, bids = frames.changes(stream.asks, view.asks), frames.changes(stream.bids, view.bids)
        if not asks and not bids:
            return []
        stream.bids, stream.asks = view.bids, view.asks
        stream.sequence += 1
        return [frames.book_changes(view.spec, asks, bids, "obdiff", stream.sequence)]
