"""Puts the prices of AlgoLab's events on the exchange's tick, where float noise has moved them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from common.bist import rules
from marketdata.events import BookRow, Equilibrium, Event, Ticker, Trades
from marketdata.listed import LeftOut
from marketdata.numbers import snapped
from marketdata.venues.algolab.answers import EquityInfo

LISTS = ("T", "GetEquityInfo")
"""The kinds of frames and answers that may be left out for a price off its tick."""


def share_price(price: Decimal, day: date) -> Decimal | None:
    """Returns a share's price on its tick; None for one that is off by more than float noise, or is no price."""
    return snapped(price, rules.tick_size(price, day)) if price > 0 else None


def tick(events: Sequence[Event], day: date) -> tuple[tuple[Event, ...], tuple[LeftOut, ...]]:
    """Returns the events of one tick of a share with their prices on their tick, and the tick if it is left out.

    One price that is off its tick leaves all of it out: the others can't be trusted then. Only the reference price may
    be off, as a capital increase moves it; it is then as the venue tells it.
    """
    settled: list[Event] = []
    for event in events:
        found = _settled(event, day)
        if found is None:
            pair = event.pair if isinstance(event, Ticker | Trades | Equilibrium) else ""
            return (), (LeftOut("T", pair, "off_tick"),)
        settled.append(found)
    return tuple(settled), ()


def row(event: BookRow, day: date) -> BookRow:
    """Returns a row with its price on its tick. One that is off by more stays as it is: the book withholds it."""
    price = share_price(event.price, day)
    return event if price is None else msgspec.structs.replace(event, price=price)


def equity(info: EquityInfo, day: date) -> EquityInfo | None:
    """Returns a share's prices on their ticks; None when one is off its tick."""
    put = _Put(day)
    found = EquityInfo(*(put(price) for price in info))
    return None if put.off else found


class _Put:
    """Puts prices on their tick; `off` is true when one was off by more than float noise."""

    def __init__(self, day: date) -> None:
        self._day, self.off = day, False

    def __call__(self, price: Decimal | None) -> Decimal | None:
        if price is None:
            return None
        found = share_price(price, self._day)
        self.off = self.off or found is None
        return found


def _settled(event: Event, day: date) -> Event | None:
    put = _Put(day)
    read = _READ.get(type(event))
    found = event if read is None else read(event, put, day)
    return None if put.off else found


def _ticker(event: Ticker, put: _Put, day: date) -> Ticker:
    best, reference = event.best, event.reference
    if best is not None:
        best = msgspec.structs.replace(best, bid=put(best.bid), ask=put(best.ask))
    if reference is not None:
        reference = share_price(reference, day) or reference
    return msgspec.structs.replace(event, last=put(event.last), best=best, reference=reference)


def _trades(event: Trades, put: _Put, _day: date) -> Trades:
    trades = tuple(msgspec.structs.replace(trade, price=put(trade.price)) for trade in event.trades)
    return msgspec.structs.replace(event, trades=trades)


def _equilibrium(event: Equilibrium, put: _Put, _day: date) -> Equilibrium:
    return msgspec.structs.replace(event, price=put(event.price))


_READ: dict[type, Callable[..., Event]] = {Ticker: _ticker, Trades: _trades, Equilibrium: _equilibrium}
