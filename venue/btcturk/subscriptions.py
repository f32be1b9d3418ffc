"""The subscriptions of one socket, and the frames that are due on them. Pure: frames in, frames out."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from venue.btcturk import frames
from venue.btcturk.bars import PairBar
from venue.btcturk.ladder import Levels
from venue.btcturk.views import PairView

MOST_SUBSCRIPTIONS = 4_000
ALL = "all"

Views = Mapping[str, PairView]


class _JoinRequest(msgspec.Struct):
    """The object of a 151.

    channel: such as `obdiff`.
    event: a pair, or `all`.
    join: false leaves the channel.
    """

    channel: str
    event: str
    join: bool


class _DataRequest(msgspec.Struct):
    """The object of a 101, which asks for a frame once more.

    code: the type of the frame.
    channel: the channel that it came on.
    event: the pair.
    """

    code: int
    channel: str
    event: str


_envelope = msgspec.json.Decoder(tuple[int, msgspec.Raw])
_join_request, _data_request = msgspec.json.Decoder(_JoinRequest), msgspec.json.Decoder(_DataRequest)


@dataclass(slots=True)
class _Sent:
    """The newest state that one subscription was sent.

    sequence: the subscription's own `CS`.
    bids: the levels of the last book, best first.
    asks: the levels of the last book, best first.
    trade_count: the number of the last trade.
    candle: the last bar; None before the first.
    """

    sequence: int
    bids: Levels = ()
    asks: Levels = ()
    trade_count: int = 0
    candle: PairBar | None = None


class PairSubscriptions:
    """The subscriptions of one socket."""

    def __init__(self, rng: random.Random) -> None:
        """`rng` gives each subscription a first `CS` of its own, as the venue does."""
        self._rng = rng
        self._joined: dict[tuple[str, str], _Sent] = {}
        self._channels: dict[str, Callable[[str, Views, _Sent], list[bytes]]] = {
            "ticker": self._ticker,
            "trade": self._trade,
            "tradeview": self._tradeview,
            "orderbook": self._orderbook,
            "obdiff": self._obdiff,
        }

    def __len__(self) -> int:
        return len(self._joined)

    def pairs(self) -> set[str]:
        """Returns the pairs of all subscriptions. A pair may be unknown."""
        return {event.partition("_")[0] for _, event in self._joined}

    def receive(self, text: str | bytes, views: Views) -> list[bytes]:
        """Returns the answers to one frame of the client: an acknowledgement and first data, or nothing.

        As seen on the wire: every join is acknowledged, also that of a pair that does not exist. A second join of the
        same pair is refused and changes nothing. A frame that is neither a subscription nor a request gets no answer.
        A leave without a join was never observed; it is refused here.
        """
        try:
            kind, body = _envelope.decode(text)
            if kind == frames.REQUEST:
                return self._answer(_data_request.decode(body), views)
            if kind == frames.SUBSCRIPTION:
                return self._subscribe(_join_request.decode(body), views)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        return []

    def due(self, views: Views) -> list[bytes]:
        """Returns the frames that are due at the end of a conflation period."""
        due = []
        for (channel, event), sent in self._joined.items():
            if channel in self._channels:
                due += self._channels[channel](event, views, sent)
        return due

    def _answer(self, asked: _DataRequest, views: Views) -> list[bytes]:
        """Returns the last trades once more when their channel is joined. No other frame is known to be asked for."""
        sent, view = self._joined.get((asked.channel, asked.event)), views.get(asked.event)
        if asked.code != frames.TRADES or asked.channel != "trade" or sent is None or view is None:
            return []
        sent.trade_count = view.trade_count
        return [frames.trade_list(view)]

    def _subscribe(self, request: _JoinRequest, views: Views) -> list[bytes]:
        if request.join and len(self._joined) >= MOST_SUBSCRIPTIONS:
            return []
        key = (request.channel, request.event)
        message = f"{'join' if request.join else 'leave'}|{request.channel}:{request.event}"
        joined = key in self._joined
        ack = frames.result(joined != request.join, message)
        if joined and not request.join:
            del self._joined[key]
        if joined or not request.join:
            return [ack]
        sent = self._joined[key] = _Sent(sequence=self._rng.randrange(1_000, 9_000_000))
        return [ack, *self._first(request.channel, request.event, views, sent)]

    def _first(self, channel: str, event: str, views: Views, sent: _Sent) -> list[bytes]:
        view = views.get(event)
        if channel == "trade" and view is not None:
            sent.trade_count = view.trade_count
            return [frames.trade_list(view)]
        if channel == "obdiff" and view is not None:
            sent.bids, sent.asks = view.bids, view.asks
            return [frames.book(view, "obdiff", sent.sequence)]
        return self._channels[channel](event, views, sent) if channel in self._channels else []

    def _ticker(self, event: str, views: Views, _sent: _Sent) -> list[bytes]:
        if event == ALL:
            return [frames.ticker_all(views.values())]
        return [frames.ticker(views[event])] if event in views else []

    def _trade(self, event: str, views: Views, sent: _Sent) -> list[bytes]:
        if event not in views:
            return []
        view = views[event]
        new = min(view.trade_count - sent.trade_count, len(view.trades))
        sent.trade_count = view.trade_count
        return [frames.trade_single(view.spec, trade) for trade in view.trades[len(view.trades) - new :]]

    def _tradeview(self, event: str, views: Views, sent: _Sent) -> list[bytes]:
        """Returns the growing bar of `PAIR_RESOLUTION` when it changed."""
        pair, _, resolution = event.partition("_")
        candle = views[pair].candles.get(resolution) if pair in views else None
        if candle is None or candle == sent.candle:
            return []
        sent.candle = candle
        return [frames.candle(views[pair].spec, resolution, candle)]

    def _orderbook(self, event: str, views: Views, sent: _Sent) -> list[bytes]:
        if event not in views or (views[event].bids, views[event].asks) == (sent.bids, sent.asks):
            return []
        view = views[event]
        sent.bids, sent.asks = view.bids, view.asks
        sent.sequence += 1
        return [frames.book(view, "orderbook", sent.sequence)]

    def _obdiff(self, event: str, views: Views, sent: _Sent) -> list[bytes]:
        if event not in views:
            return []
        view = views[event]
        asks, bids = frames.changes(sent.asks, view.asks), frames.changes(sent.bids, view.bids)
        if not asks and not bids:
            return []
        sent.bids, sent.asks = view.bids, view.asks
        sent.sequence += 1
        return [frames.book_changes(view.spec, asks, bids, "obdiff", sent.sequence)]
