"""The trading rules of Borsa Istanbul on a given day: sessions, phases, ticks, daily limits, circuit breakers.

The figures are in `data/`, each with the day from which it holds. A change of the rules is a change of the data.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from common.decimals import plain_text
from common.wire import Phase

ISTANBUL = timezone(timedelta(hours=3))
"""Türkiye has kept UTC+3 without summer time since 2016-09. The data begins later, so no zone database is needed."""
ENOUGH_DAYS = 30
"""With fewer days than this left, the calendar is reported as too short."""

_DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Breakers:
    """The moves that interrupt trading.

    index_fall_percent: the index's fall against its previous close that halts all shares, in percent.
    index_halt: the length of that halt.
    stock_move_percent: a share's move against its last call auction that begins a new one, in percent.
    stock_auction: the length of that call auction.
    """

    index_fall_percent: Decimal
    index_halt: timedelta
    stock_move_percent: Decimal
    stock_auction: timedelta


def _read(name: str) -> Any:
    return json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))


_CALENDAR = _read("calendar")
_HOLIDAYS = frozenset(map(date.fromisoformat, _CALENDAR["holidays"]))
_HALF_DAYS = frozenset(map(date.fromisoformat, _CALENDAR["half_days"]))
_TABLES: dict[str, list[tuple[date, Any]]] = {
    name: sorted((date.fromisoformat(entry["valid_from"]), entry) for entry in _read(name)["in_force"])
    for name in ("phases", "ticks", "limits", "breakers")
}
CALENDAR_BEGINS = date.fromisoformat(_CALENDAR["first"])
CALENDAR_ENDS = date.fromisoformat(_CALENDAR["last"])


def is_session(day: date) -> bool:
    """Returns true when shares trade on `day`. Outside the calendar every weekday counts: silence must be noticed."""
    return day.weekday() < 5 and day not in _HOLIDAYS


def calendar_trouble(day: date) -> str | None:
    """Returns why the calendar can't be relied on: `day` is outside it, or it ends soon. None when all is well."""
    left = (CALENDAR_ENDS - day).days
    if left < 0 or day < CALENDAR_BEGINS:
        return f"the calendar of Borsa Istanbul runs from {CALENDAR_BEGINS} to {CALENDAR_ENDS}: {day} is outside"
    if left < ENOUGH_DAYS:
        return f"the calendar of Borsa Istanbul ends in {left} days, on {CALENDAR_ENDS}"
    return None


def phase_at(at: datetime) -> Phase:
    """Returns the phase of continuously traded shares at an aware time.

    Raises `LookupError` before the first known rules.
    """
    local = _local(at)
    changes = _changes(local.date())
    index = bisect_right(changes, local.replace(tzinfo=None), key=lambda change: change[0])
    return changes[index - 1][1] if index else "closed"


def next_change(at: datetime) -> datetime:
    """Returns the first time after `at` (aware) at which another phase begins, in UTC+3."""
    local = _local(at)
    return next(moment for moment in _moments(local.date()) if moment > local)


def tick_size(price: Decimal, day: date) -> Decimal:
    """Returns the step of a share's prices around `price`, in TRY. Raises `ValueError` for a price of 0 or less."""
    if price <= 0:
        raise ValueError(f"{plain_text(price)} is no price: it must be above 0")
    bounds, ticks = _tick_table(day)
    return ticks[max(bisect_right(bounds, price) - 1, 0)]


def on_tick(price: Decimal, day: date) -> bool:
    """Returns true when shares can trade at `price`."""
    return price > 0 and price % tick_size(price, day) == 0


@lru_cache(maxsize=4_096)  # every row of every share's book is held to them
def price_limits(reference: Decimal, day: date) -> tuple[Decimal, Decimal]:
    """Returns a day's lowest and highest price of a share with the base price `reference`, moved inwards to ticks."""
    share = Decimal(_in_force("limits", day)["percent"]) / 100
    lowest, highest = reference * (1 - share), reference * (1 + share)
    low_tick, high_tick = tick_size(lowest, day), tick_size(highest, day)
    floor = (lowest / low_tick).to_integral_value(ROUND_CEILING) * low_tick
    return floor, (highest / high_tick).to_integral_value(ROUND_FLOOR) * high_tick


def breakers(day: date) -> Breakers:
    """Returns the circuit breakers in force on `day`."""
    entry = _in_force("breakers", day)
    return Breakers(
        index_fall_percent=Decimal(entry["index_fall_percent"]),
        index_halt=timedelta(minutes=entry["index_halt_minutes"]),
        stock_move_percent=Decimal(entry["stock_move_percent"]),
        stock_auction=timedelta(minutes=entry["stock_auction_minutes"]),
    )


def _in_force(name: str, day: date) -> Any:
    table = _TABLES[name]
    index = bisect_right(table, day, key=lambda entry: entry[0])
    if not index:
        raise LookupError(f"no {name} are known for {day}: the first hold from {table[0][0]}")
    return table[index - 1][1]


@lru_cache(maxsize=64)
def _tick_table(day: date) -> tuple[list[Decimal], list[Decimal]]:
    """Returns the prices at which a tick begins, and the ticks, of the table in force on `day`."""
    rows = _in_force("ticks", day)["ticks"]
    return [Decimal(price) for price, _ in rows], [Decimal(tick) for _, tick in rows]


@lru_cache(maxsize=64)
def _changes(day: date) -> list[tuple[datetime, Phase]]:
    """Returns when each phase of `day` begins, in local time. A day without a session has none."""
    if not is_session(day):
        return []
    rows = _in_force("phases", day)["half_day" if day in _HALF_DAYS else "full_day"]
    return [(datetime.combine(day, time.fromisoformat(begins)), phase) for begins, phase in rows]


def _moments(day: date) -> Iterator[datetime]:
    """Yields the changes of phase from `day` on, for a year: no pause of trading is that long."""
    for later in range(366):
        for moment, _ in _changes(day + timedelta(days=later)):
            yield moment.replace(tzinfo=ISTANBUL)


def _local(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time must be aware: it has no time zone")
    return at.astimezone(ISTANBUL)
