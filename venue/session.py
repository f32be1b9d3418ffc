"""One client's side of the protocol: what it asked for, what it is owed. Pure: frames in, frames out."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from venue import frames
from venue.ladder import Levels
from venue.market import PairView

MOST_SUBSCRIPTIONS = 4_000


class _Request(msgspec.Struct):
    channel: str
    event: str
    join: bool


_request = msgspec.json.Decoder(tuple[int, _Request])


@dataclass(slots=True)
class _Stream:
    """What a subscription was last told. `sequence` is its own `CS`."""

    sequence: int
    bids: Levels = ()
    asks: Levels = ()
    trade_count: int = 0


class Session:
    """The subscriptions of one socket. `rng` gives each its own base of `CS`, as the venue's never agree."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._joined: dict[tuple[str, str], _Stream] = {}
        self._channels = {
            "ticker": self._ticker,
            "trade": self._trade,
            "orderbook": self._orderbook,
            "obdiff": self._obdiff,
        }

    def __len__(self) -> int:
        return len(self._joined)

    def receive(self, text: str | bytes, views: Mapping[str, PairView]) -> list[bytes]:
        """The answers to one frame of the client: an acknowledgement and first data, or silence.

        As seen on the wire: whatever is named is acknowledged, known or not; a second join of the same is refused
        and changes nothing; what is no subscription gets no answer at all. A leave of what was never joined was
        not observed anywhere; it is refused here.
        """
        try:
            kind, request = _request.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return []
        if kind != frames.SUBSCRIPTION or len(self._joined) >= MOST_SUBSCRIPTIONS:
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
        return [ack, *self._first(request.channel, views.get(request.event), stream)]

    def due(self, views: Mapping[str, PairView]) -> list[bytes]:
        """Everything that the client is owed at the end of a conflation period."""
        owed = []
        for (channel, event), stream in self._joined.items():
            make, view = self._channels.get(channel), views.get(event)
            if make is not None and view is not None:
                owed += make(view, stream)
        return owed

    def _first(self, channel: str, view: PairView | None, stream: _Stream) -> list[bytes]:
        if view is None or channel not in self._channels:
            return []
        if channel == "trade":
            stream.trade_count = view.trade_count
            return [frames.trade_list(view)]
        if channel == "obdiff":
            stream.bids, stream.asks = view.bids, view.asks
            return [frames.book(view, "obdiff", stream.sequence)]
        return self._channels[channel](view, stream)

    def _ticker(self, view: PairView, _stream: _Stream) -> list[bytes]:
        return [frames.ticker(view)]

    def _trade(self, view: PairView, stream: _Stream) -> list[bytes]:
        new = min(view.trade_count - stream.trade_count, len(view.trades))
        stream.trade_count = view.trade_count
        return [frames.trade_single(view.spec, trade) for trade in view.trades[len(view.trades) - new :]]

    def _orderbook(self, view: PairView, stream: _Stream) -> list[bytes]:
        if (view.bids, view.asks) == (stream.bids, stream.asks):
            return []
        stream.bids, stream.asks = view.bids, view.asks
        stream.sequence += 1
        return [frames.book(view, "orderbook", stream.sequence)]

    def _obdiff(self, view: PairView, stream: _Stream) -> list[bytes]:
        asks, bids = frames.changes(stream.asks, view.asks), frames.changes(stream.bids, view.bids)
        if not asks and not bids:
            return []
        stream.bids, stream.asks = view.bids, view.asks
        stream.sequence += 1
        return [frames.book_changes(view.spec, asks, bids, "obdiff", stream.sequence)]
