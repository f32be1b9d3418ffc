"""Puts the prices of AlgoLab's events on the exchange's tick, where float noise has moved them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import msgspec

from common.bist import rules
from marketdata.events import BookRow, Equilibrium, Event, Ticker, Trades
from marketdata.listed import LeftOut
from marketdata.numbers import snapped
from marketdata.venues.algolab.answers import EquityInfo

LISTS = ("T", "GetEquityInfo")
"""The kinds of frames and answers of which a part may be left out."""
PRICES = ("floor", "ceiling", "bid", "ask", "last")
Limits = tuple[Decimal, Decimal]
"""The day's lowest and highest price."""


def share_price(price: Decimal, day: date) -> Decimal | None:
    """Returns a share's price on its tick; None for one that is off by more than float noise, or is no price."""
    return snapped(price, rules.tick_size(price, day)) if price > 0 else None


def tick(events: Sequence[Event], day: date, limits: Limits | None) -> tuple[tuple[Event, ...], tuple[LeftOut, ...]]:
    """Returns the events of one tick of a share with their prices on their tick, and what is left out.

    A price that is off its tick, or outside of the broker's limits of the day, is left out with all that hangs on it: a
    trade, or both best prices. The others stand. Only the reference price may be off, as a capital increase moves it;
    it is then as the venue tells it.
    """
    put = _Put(day, limits)
    settled = tuple(found for event in events if (found := _settled(event, put)) is not None)
    pair = next((event.pair for event in events if isinstance(event, Ticker | Trades | Equilibrium)), "")
    return settled, tuple(LeftOut("T", pair, reason) for reason in put.faults)


def row(event: BookRow, day: date) -> BookRow:
    """Returns a row with its price on its tick. One that is off by more stays as it is: the book withholds it."""
    price = share_price(event.price, day)
    return event if price is None else msgspec.structs.replace(event, price=price)


def equity(info: EquityInfo, day: date) -> tuple[EquityInfo, tuple[str, ...]]:
    """Returns a share's prices on their ticks, and the names of those that are off theirs: they are not told."""
    prices: dict[str, Decimal | None] = {name: getattr(info, name) for name in PRICES}
    put = {name: None if price is None else share_price(price, day) for name, price in prices.items()}
    off = {name for name, price in prices.items() if price and put[name] is None}
    floor, ceiling = (None, None) if off & {"floor", "ceiling"} else (put["floor"], put["ceiling"])
    bid, ask, told = put["bid"], put["ask"], info.told and not off & {"bid", "ask"}
    settled = EquityInfo(floor, ceiling, bid, ask, put["last"], told, info.name, info.unread)
    return settled, tuple(sorted(off))


class _Put:
    """Puts prices on their tick.

    faults: the reasons why prices could not be, each once.
    """

    def __init__(self, day: date, limits: Limits | None) -> None:
        self._day, self._limits = day, limits
        self.faults: dict[str, None] = {}

    def __call__(self, price: Decimal | None) -> Decimal | None:
        if price is None:
            return None
        found = share_price(price, self._day)
        if found is None:
            self.faults["off_tick"] = None
        elif self._limits is not None and not self._limits[0] <= found <= self._limits[1]:
            self.faults["outside_limits"] = None
            return None
        return found

    def loosely(self, price: Decimal | None) -> Decimal | None:
        """Returns the price on its tick, or as it is."""
        return None if price is None else share_price(price, self._day) or price


def _settled(event: Event, put: _Put) -> Event | None:
    match event:
        case Ticker():
            return _ticker(event, put)
        case Trades():
            trades = tuple(
                msgspec.structs.replace(trade, price=price)
                for trade in event.trades
                if (price := put(trade.price)) is not None
            )
            return msgspec.structs.replace(event, trades=trades) if trades else None
        case Equilibrium():
            price = put(event.price)
            return None if price is None and event.price is not None else msgspec.structs.replace(event, price=price)
    return event


def _ticker(event: Ticker, put: _Put) -> Ticker | None:
    best, last = event.best, put(event.last)
    if best is not None:
        bid, ask = put(best.bid), put(best.ask)
        whole = (bid is None) == (best.bid is None) and (ask is None) == (best.ask is None)
        best = msgspec.structs.replace(best, bid=bid, ask=ask) if whole else None
    reference = put.loosely(event.reference)
    if last is None and best is None and reference is None:
        return None
    return msgspec.structs.replace(event, last=last, best=best, reference=reference)
