"""Writes true frames oddly where a fault asks for it: a client must read them as if they were not odd. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from common.decimals import plain_text
from venue.btcturk import frames
from venue.btcturk.faults import OddFrame
from venue.btcturk.views import PairView
from venue.oddities import float_noise, nulled, odd_numbers

Body = dict[str, Any]

_PRICES = ("P", "B", "A", "LA")
_UNUSED = ("D", "DP", "H", "L", "O", "V", "AV", "PId", "BA", "AA")
_MODELS: dict[OddFrame, tuple[int, ...]] = {
    "odd_numbers": (frames.TICKER, frames.TRADES, frames.TRADE, frames.BOOK, frames.BOOK_CHANGES),
    "null_fields": (frames.TICKER,),
    "bad_row": (frames.TRADES, frames.BOOK),
    "zero_level": (frames.BOOK, frames.BOOK_CHANGES),
    "null_side": (frames.BOOK_CHANGES,),
    "float_noise": (frames.TICKER, frames.TRADE, frames.BOOK, frames.BOOK_CHANGES),
    "off_tick": (frames.BOOK_CHANGES,),
}


def fits(name: OddFrame, model: int, body: Body) -> bool:
    """Returns true when a frame can be odd in this way."""
    return model in _MODELS[name] and (name != "null_side" or not (body["AO"] and body["BO"]))


def odd(name: OddFrame, model: int, body: Body, view: PairView) -> bytes:
    """Returns the frame, odd in this way."""
    match name:
        case "odd_numbers":
            return b"[%d,%b]" % (model, odd_numbers(body))
        case "null_fields":
            return frames.frame(model, nulled(body, _UNUSED))
        case "bad_row":
            return frames.frame(model, _with_bad_row(model, body))
        case "zero_level":
            return frames.frame(model, _with_zero_level(model, body, view))
        case "null_side":
            return frames.frame(model, {**body, "AO": body["AO"] or None, "BO": body["BO"] or None})
        case "float_noise":
            names = _PRICES if model == frames.TICKER else ("P",)
            return frames.frame(model, float_noise(body, names))
        case "off_tick":
            return frames.frame(model, {**body, "BO": [*body["BO"], _off_tick(view)]})


def _with_bad_row(model: int, body: Body) -> Body:
    name = "items" if model == frames.TRADES else "BO"
    return {**body, name: [{"P": None, "A": "1"}, *body[name]]}


def _with_zero_level(model: int, body: Body, view: PairView) -> Body:
    """Adds a bid of nothing above the best bid, where there is room below the best ask."""
    best = view.bids[0][0]
    price = best + 1 if best + 1 < view.asks[0][0] else view.bids[-1][0] - 1
    level = {"P": view.spec.price_text(price), "A": "0.00000000"}
    return {**body, "BO": [*body["BO"], {"CP": frames.NEW, **level} if model == frames.BOOK_CHANGES else level]}


def _off_tick(view: PairView) -> Body:
    """Returns a new level a third of a tick below all bids."""
    price = Decimal(view.bids[-1][0] * view.spec.tick) - view.spec.tick * Decimal("0.37")
    return {"CP": frames.NEW, "P": plain_text(price), "A": "1"}
