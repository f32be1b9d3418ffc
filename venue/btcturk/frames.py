"""BTCTurk's WebSocket frames, `[type, object]` as JSON text, and the differences between two states of a book."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from common.decimals import plain_text
from venue.btcturk.bars import PairBar
from venue.btcturk.ladder import Levels
from venue.btcturk.pairs import PairSpec
from venue.btcturk.views import PairTrade, PairView

RESULT, REQUEST, SUBSCRIPTION, WELCOME = 100, 101, 151, 991
TICKERS, TICKER, TRADES, TRADE, CANDLE, BOOK, BOOK_CHANGES = 401, 402, 421, 422, 428, 431, 432
UPDATED, NEW, DELETED = 0, 1, 3

Change = tuple[int, int, int]
"""Change code, price in ticks, amount in units. A deleted level keeps the amount that it last had."""


def frame(kind: int, body: Mapping[str, Any]) -> bytes:
    """Returns one text frame. The object repeats the type, as the venue's does."""
    return msgspec.json.encode([kind, {**body, "type": kind}])


def welcome() -> bytes:
    """Returns the frame that the venue sends first."""
    return msgspec.json.encode([WELCOME, {"type": WELCOME, "current": "6.0.0", "min": "2.3.0"}])


def result(ok: bool, message: str) -> bytes:
    """Returns the acknowledgement of a subscription. It does not prove that the pair exists."""
    return msgspec.json.encode([RESULT, {"type": RESULT, "ok": ok, "message": message}])


def ticker(view: PairView) -> bytes:
    """Returns a 402: one pair's figures."""
    return frame(TICKER, {**_ticker_item(view), "channel": "ticker", "event": view.spec.name})


def ticker_all(views: Iterable[PairView]) -> bytes:
    """Returns a 401: the figures of every pair in one frame."""
    return frame(TICKERS, {"items": [_ticker_item(view) for view in views], "channel": "ticker", "event": "all"})


def _ticker_item(view: PairView) -> dict[str, Any]:
    """Returns one pair's figures. As in the one known capture, `D` counts from the ask, `DP` from the last price."""
    spec, day = view.spec, view.day
    (bid, bid_amount), (ask, ask_amount) = view.bids[0], view.asks[0]
    return {
        "B": spec.price_text(bid),
        "A": spec.price_text(ask),
        "BA": spec.amount_text(bid_amount),
        "AA": spec.amount_text(ask_amount),
        "PS": spec.name,
        "H": spec.price_text(day.high),
        "L": spec.price_text(day.low),
        "LA": spec.price_text(view.last),
        "O": spec.price_text(day.open),
        "V": spec.amount_text(day.volume),
        "AV": plain_text(average_price(view)),
        "D": plain_text((ask - day.open) * spec.tick),
        "DP": f"{daily_percent(view):.2f}",
        "DS": spec.denominator,
        "NS": spec.numerator,
        "PId": spec.pair_id,
    }


def average_price(view: PairView) -> Decimal:
    """Returns the day's turnover over its volume, rounded to 9 digits after the point, or 3 more than a price has."""
    day = view.day
    return (Decimal(day.turnover) * view.spec.tick / max(day.volume, 1)).quantize(
        Decimal(1).scaleb(-max(view.spec.price_scale + 3, 9))
    )


def daily_percent(view: PairView) -> Decimal:
    """Returns the distance of the last price from the day's open, in percent."""
    return Decimal(view.last - view.day.open) * 100 / view.day.open


def trade_list(view: PairView) -> bytes:
    """Returns a 421: the last trades, newest first."""
    spec = view.spec
    items = [_trade_item(spec, trade) for trade in reversed(view.trades)]
    return frame(TRADES, {"symbol": spec.name, "items": items, "channel": "trade", "event": spec.name})


def trade_single(spec: PairSpec, trade: PairTrade) -> bytes:
    """Returns a 422: one new trade."""
    return frame(TRADE, {**_trade_item(spec, trade), "PS": spec.name, "channel": "trade", "event": spec.name})


def _trade_item(spec: PairSpec, trade: PairTrade) -> dict[str, Any]:
    return {
        "D": trade.milliseconds,
        "I": trade.trade_id,
        "A": spec.amount_text(trade.amount),
        "P": spec.price_text(trade.price),
        "S": 0 if trade.buy else 1,
    }


def candle(spec: PairSpec, resolution: str, bar: PairBar) -> bytes:
    """Returns a 428: a bar that grows now. `D` is where it begins, unix seconds."""
    return frame(
        CANDLE,
        {
            "D": bar.start,
            "P": spec.name,
            "R": resolution,
            "O": spec.price_text(bar.open),
            "H": spec.price_text(bar.high),
            "L": spec.price_text(bar.low),
            "C": spec.price_text(bar.close),
            "V": spec.amount_text(bar.volume),
            "channel": "tradeview",
            "event": f"{spec.name}_{resolution}",
        },
    )


def book(view: PairView, channel: str, sequence: int) -> bytes:
    """Returns a 431: all levels of a book that the venue shows."""
    spec = view.spec
    sides = {
        name: [{"A": spec.amount_text(amount), "P": spec.price_text(price)} for price, amount in levels]
        for name, levels in (("AO", view.asks), ("BO", view.bids))
    }
    return frame(BOOK, {"CS": sequence, "PS": spec.name, **sides, "channel": channel, "event": spec.name})


def book_changes(spec: PairSpec, asks: list[Change], bids: list[Change], channel: str, sequence: int) -> bytes:
    """Returns a 432: the changes of a book since the last frame of this subscription."""
    sides = {
        name: [{"CP": code, "P": spec.price_text(price), "A": spec.amount_text(amount)} for code, price, amount in side]
        for name, side in (("AO", asks), ("BO", bids))
    }
    return frame(BOOK_CHANGES, {"CS": sequence, "PS": spec.name, **sides, "channel": channel, "event": spec.name})


def changes(before: Levels, after: Levels) -> list[Change]:
    """Returns the steps from one side of a book to the next, asks by rising price, bids by falling price."""
    if before is after:
        return []
    old, new = dict(before), dict(after)
    found = [(DELETED, price, amount) for price, amount in before if price not in new]
    found += [(UPDATED if price in old else NEW, price, amount) for price, amount in after if old.get(price) != amount]
    descending = len(after) > 1 and after[0][0] > after[-1][0]
    return sorted(found, key=lambda change: change[1], reverse=descending)
