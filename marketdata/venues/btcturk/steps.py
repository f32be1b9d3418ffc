"""Puts the prices of BTCTurk's events on the tick of their pair, where float noise has moved them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import msgspec

from common.decimals import plain_text
from marketdata.events import (
    BookDiff,
    BookSnapshot,
    CandleUpdate,
    ChangeKind,
    Event,
    LevelChange,
    PriceLevel,
    Ticker,
    Top,
    Trades,
    VenueTrade,
)
from marketdata.listed import LeftOut
from marketdata.numbers import snapped
from marketdata.venues.btcturk import shapes

ODDITIES = ("off_tick",)


class Stepped:
    """An event with its prices on their tick.

    event: the event; None when the one thing that it tells has a price off its tick.
    left_out: the levels, trades and other things with such a price.
    off_tick: the changes of a book with such a price, which never were in the book, so it does without them; the best
        prices of a ticker that are such.
    """

    __slots__ = ("event", "left_out", "off_tick")

    def __init__(self, event: Event | None, left_out: tuple[LeftOut, ...] = (), off_tick: int = 0) -> None:
        self.event, self.left_out, self.off_tick = event, left_out, off_tick


def on_tick(event: Event, tick: Decimal) -> bool:
    """Returns true when every price of an event is on its tick, as it nearly always is. Quick."""
    try:
        if isinstance(event, BookDiff) or isinstance(event, BookSnapshot):  # noqa: SIM101 - a union takes longer
            return _all_on_tick(event.asks, tick) and _all_on_tick(event.bids, tick)
        if isinstance(event, Trades):
            return _all_on_tick(event.trades, tick)
        if isinstance(event, Ticker):
            best = event.best or Top()
            return not any(price is not None and price % tick for price in (event.last, best.bid, best.ask))
        return not isinstance(event, CandleUpdate) or not any(price % tick for price in event.bar[1:5])
    except InvalidOperation:
        return False


def _all_on_tick(priced: Sequence[PriceLevel | LevelChange | VenueTrade], tick: Decimal) -> bool:
    for one in priced:  # noqa: SIM110 - a generator takes longer
        if one.price % tick:
            return False
    return True


def stepped(event: Event, tick: Decimal) -> Stepped:
    """Returns an event with its prices on their tick."""
    if isinstance(event, BookSnapshot):
        return _snapshot(event, tick)
    if isinstance(event, BookDiff):
        return _diff(event, tick)
    if isinstance(event, Trades):
        return _trades(event, tick)
    if isinstance(event, Ticker):
        return _ticker(event, tick)
    return _candle(event, tick) if isinstance(event, CandleUpdate) else Stepped(event)


def _left_out(of: str, pair: str, *prices: Decimal) -> LeftOut:
    return LeftOut(of, pair, "off_tick: " + ", ".join(plain_text(price) for price in prices))


def _snapshot(book: BookSnapshot, tick: Decimal) -> Stepped:
    """Returns a whole book without the levels that are off their tick. A side of such levels alone leaves it out."""
    left_out: list[LeftOut] = []
    sides = []
    for side in (book.asks, book.bids):
        prices = [(level, snapped(level.price, tick)) for level in side]
        left_out += [_left_out("431", book.pair, level.price) for level, price in prices if price is None]
        sides.append(tuple(shapes.BtcturkLevel(price, level.quantity) for level, price in prices if price is not None))
    usable = all(kept or not side for kept, side in zip(sides, (book.asks, book.bids), strict=True))
    replaced = msgspec.structs.replace(book, asks=sides[0], bids=sides[1]) if usable else None
    return Stepped(replaced, tuple(left_out))


def _diff(diff: BookDiff, tick: Decimal) -> Stepped:
    """Returns a frame without the changes that are off their tick. A deletion stays: it can only take such a level."""
    asks, bids = _changes(diff.asks, tick), _changes(diff.bids, tick)
    lost = len(diff.asks) + len(diff.bids) - len(asks) - len(bids)
    return Stepped(msgspec.structs.replace(diff, asks=asks, bids=bids), off_tick=lost)


def _changes(changes: Sequence[LevelChange], tick: Decimal) -> tuple[shapes.BtcturkChange, ...]:
    found = []
    for change in changes:
        price = snapped(change.price, tick)
        if price is None and change.kind == ChangeKind.DELETED:
            price = change.price
        if price is not None:
            found.append(shapes.BtcturkChange(change.kind, price, change.quantity))
    return tuple(found)


def _trades(event: Trades, tick: Decimal) -> Stepped:
    of = "421" if event.replay else "422"
    prices = [(trade, snapped(trade.price, tick)) for trade in event.trades]
    kept = tuple(msgspec.structs.replace(trade, price=price) for trade, price in prices if price is not None)
    left_out = tuple(_left_out(of, event.pair, trade.price) for trade, price in prices if price is None)
    usable = kept or (event.replay and not left_out)
    return Stepped(msgspec.structs.replace(event, trades=kept) if usable else None, left_out)


def _ticker(ticker: Ticker, tick: Decimal) -> Stepped:
    """Returns a ticker. Best prices off their tick stay as they are: they are never published, and only held against
    the book. A last price off its tick is not told."""
    last = None if ticker.last is None else snapped(ticker.last, tick)
    off = () if ticker.last is None or last is not None else (_left_out("402", ticker.pair, ticker.last),)
    best = ticker.best
    if best is None:
        return Stepped(msgspec.structs.replace(ticker, last=last), off)
    found = [None if price is None else snapped(price, tick) for price in (best.bid, best.ask)]
    bid, ask = found[0] or best.bid, found[1] or best.ask
    stepped = msgspec.structs.replace(ticker, last=last, best=msgspec.structs.replace(best, bid=bid, ask=ask))
    odd = sum(price is None and told is not None for price, told in zip(found, (best.bid, best.ask), strict=True))
    return Stepped(stepped, off, off_tick=odd)


def _candle(update: CandleUpdate, tick: Decimal) -> Stepped:
    bar = update.bar
    prices = [snapped(price, tick) for price in bar[1:5]]
    told = [price for price in prices if price is not None]
    if len(told) < len(prices):
        return Stepped(None, (_left_out("428", update.pair, *bar[1:5]),))
    return Stepped(
        msgspec.structs.replace(update, bar=bar._replace(open=told[0], high=told[1], low=told[2], close=told[3]))
    )
