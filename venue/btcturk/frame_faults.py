"""Changes the frames of one socket where a fault is armed, before they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec

from venue.armed_faults import FaultRequest
from venue.btcturk import frames, odd_frames
from venue.btcturk.faults import ODD_FRAMES, BtcturkFault, BtcturkFaults, FrameFault, OddFrame
from venue.btcturk.views import PairView
from venue.lies import Lies, multiple

UNKNOWN_MODEL, HUGE_MODEL = 9999, 9998
STUCK: dict[FrameFault, tuple[int, ...]] = {
    "stuck_book": (frames.BOOK, frames.BOOK_CHANGES),
    "stuck_trades": (frames.TRADES, frames.TRADE),
    "stuck_ticker": (frames.TICKER,),
}
"""The types of frame that each of these faults withholds."""
MAINTENANCE = b'{"maintenance":true}'
FOREIGN_FRAMES = ("garbage", "unknown_model", "huge_frame")
HUGE_BYTES = 1024 * 1024
GARBAGE = b"<html><body>502 Bad Gateway</body></html>"
BOOK_CHANNELS = ("obdiff", "orderbook")

Body = dict[str, Any]


def foreign_frame(fault: str) -> bytes:
    """Returns a frame that belongs to no subscription. `fault` is one of `FOREIGN_FRAMES`."""
    if fault == "garbage":
        return GARBAGE
    if fault == "unknown_model":
        return frames.frame(UNKNOWN_MODEL, {"channel": "nobody", "event": "knows"})
    return frames.frame(HUGE_MODEL, {"padding": "x" * HUGE_BYTES})


class FrameFaults:
    """Passes a socket's frames on, changed where a fault is armed. It withholds a book whose join met `no_book`."""

    def __init__(self, faults: BtcturkFaults, lies: Lies) -> None:
        self._faults, self._lies = faults, lies
        self._withheld: set[tuple[str, str]] = set()

    def apply(self, made: list[bytes], views: Mapping[str, PairView]) -> list[bytes]:
        """Returns the frames to send in place of the ones that were made from `views`."""
        if not len(self._faults) and not self._withheld and not len(self._lies):
            return made
        if self._lies.now("maintenance", ""):
            return [MAINTENANCE] if made else []
        return [sent for frame in made for sent in self._one(frame, views)]

    def _one(self, frame: bytes, views: Mapping[str, PairView]) -> list[bytes]:
        kind, body = msgspec.json.decode(frame)
        if kind == frames.RESULT:
            self._joined_or_left(body)
            return [frame]
        pair = body.get("event", "")
        if (body.get("channel"), pair) in self._withheld:
            return []
        if self._is_stuck(kind, pair):
            return []
        if kind == frames.TICKER and pair in views and (lie := self._lasting("lying_ticker", pair)):
            return [_lying(kind, body, lie.percent or 0.0, views[pair].spec.tick)]
        if kind == frames.BOOK and body["channel"] == "obdiff" and self._next("diff_before_snapshot", pair):
            return [_early(body), frame]
        if kind == frames.TICKER and (fault := self._next("repeat_ticker", pair)):
            return [frame] * (1 + (fault.times or 0))
        if kind == frames.BOOK_CHANGES and self._next("skip_cs", pair):
            return []
        if kind == frames.TRADES and (fault := self._next("partial_replay", pair)):
            return [frames.frame(kind, {**body, "items": body["items"][: fault.trades or 0]})]
        if pair in views:
            for name in ODD_FRAMES:
                if odd_frames.fits(name, kind, body) and self._next(name, pair):
                    return [odd_frames.odd(name, kind, body, views[pair])]
        if self._faults.next_fault("duplicate_frame", pair=pair, model=kind):
            return [frame, frame]
        if kind == frames.BOOK_CHANGES:
            return [self._changes(frame, body, views[pair])]
        if kind == frames.BOOK and body["channel"] == "orderbook" and self._next("crossed_book", pair):
            crossing = {"A": body["AO"][0]["A"], "P": views[pair].spec.price_text(views[pair].asks[0][0] + 1)}
            return [frames.frame(kind, {**body, "BO": [crossing, *body["BO"]]})]
        return [frame]

    def _is_stuck(self, kind: int, pair: str) -> bool:
        """Returns true when a fault withholds this frame. `pair` is the frame's event."""
        return any(kind in kinds and self._lasting(name, pair) is not None for name, kinds in STUCK.items())

    def _lasting(self, name: FrameFault, pair: str) -> FaultRequest | None:
        """Returns the fault that changes the pair's frames for some time; begins it where it is armed."""
        fault = self._next(name, pair)
        if fault is not None:
            self._lies.begin(fault, pair)
        return self._lies.now(name, pair)

    def _joined_or_left(self, body: Body) -> None:
        verb, _, what = body["message"].partition("|")
        channel, _, pair = what.partition(":")
        if not body["ok"]:
            return
        self._withheld.discard((channel, pair))
        if verb == "join" and channel in BOOK_CHANNELS and self._next("no_book", pair):
            self._withheld.add((channel, pair))

    def _next(self, name: FrameFault | OddFrame, pair: str) -> BtcturkFault | None:
        return self._faults.next_fault(name, pair=pair)

    def _changes(self, frame: bytes, body: Body, view: PairView) -> bytes:
        """Returns a 432 with one change more where such a fault is armed, else the frame."""
        touched = {change["P"] for change in body["BO"]}
        if self._next("crossed_book", view.spec.name):
            added = _change(view, frames.NEW, (view.asks[0][0] + 1, view.bids[0][1]))
        elif (fault := self._next("bad_level", view.spec.name)) is not None:
            code = fault.code or frames.UPDATED
            level = _shown(view, touched) if code == frames.NEW else _not_shown(view, touched)
            added = _change(view, code, level)
        else:
            return frame
        return frames.frame(frames.BOOK_CHANGES, {**body, "BO": [*body["BO"], added]})


def _lying(kind: int, body: Body, percent: float, tick: Decimal) -> bytes:
    """Returns a ticker whose best prices are so many percent lower, and possible ones."""
    bid, ask = (Decimal(body[side]) * (100 - Decimal(str(percent))) / 100 for side in ("B", "A"))
    lower = {"B": f"{multiple(bid, tick):.8f}", "A": f"{multiple(ask, tick, up=True):.8f}"}
    return frames.frame(kind, {**body, **lower})


def _early(whole: Body) -> bytes:
    """Returns a change that comes before the book itself."""
    change = {"CP": frames.UPDATED, **whole["BO"][0]}
    return frames.frame(frames.BOOK_CHANGES, {**whole, "AO": [], "BO": [change]})


def _change(view: PairView, code: int, level: tuple[int, int]) -> Body:
    price, amount = level
    return {"CP": code, "P": view.spec.price_text(price), "A": view.spec.amount_text(amount)}


def _shown(view: PairView, touched: set[str]) -> tuple[int, int]:
    """Returns a bid that the client has and that this frame does not change, with its own amount: only the code is
    wrong."""
    text = view.spec.price_text
    return next((bid for bid in view.bids if text(bid[0]) not in touched), view.bids[0])


def _not_shown(view: PairView, touched: set[str]) -> tuple[int, int]:
    """Returns a bid at half the price of all that the client has, where it can't come among those that are shown."""
    text = view.spec.price_text
    price = next(price for price in count(view.bids[-1][0] // 2, -1) if text(price) not in touched)
    return price, view.bids[0][1]
