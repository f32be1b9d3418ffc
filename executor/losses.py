"""What an account is worth in one currency, and how far that fell: since the day began, and from the most. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from executor.account import Balances
from executor.guardrails.limits import Limits
from executor.orders import PRECISION

ISTANBUL = ZoneInfo("Europe/Istanbul")
LOSSES = DAILY_LOSS, DRAWDOWN = "DAILY_LOSS", "DRAWDOWN"


class Mark(NamedTuple):
    """What a unit of a symbol's base asset is worth in its quote currency."""

    base_asset: str
    quote_currency: str
    price: Decimal


@dataclass(frozen=True)
class Worth:
    """What the account is worth: `equity` in the currency asked for; the rest by quote currency, of positions alone.
    `missing` names what has no price: then the equity is not known, and None."""

    equity: Decimal | None
    exposure: Mapping[str, Decimal]
    unrealised_pnl: Mapping[str, Decimal]
    realised_pnl: Mapping[str, Decimal]
    fees: Mapping[str, Decimal]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Anchors:
    """What the equity is measured from: what it was as the day began in Istanbul, and the most it ever was."""

    day: date
    day_start: Decimal
    peak: Decimal


class Breach(NamedTuple):
    """A limit that the equity passed, and what follows."""

    code: str
    state: Literal["REDUCING", "HALTED"]
    reason: str


def worth(balances: Balances, marks: Mapping[str, Mark], currency: str) -> Worth:
    """Positions at their marks and cash at its rate, in `currency`."""
    sums: dict[str, dict[str, Decimal]] = {"exposure": {}, "cost": {}, "realised_pnl": {}, "fees": {}}
    total, missing = Decimal(0), list[str]()
    with localcontext(prec=PRECISION):
        for entry, amount in sorted(balances.items()):
            if entry.name in ("cost", "realised_pnl", "fees"):
                _add(sums[entry.name], entry.unit, -amount if entry.name == "realised_pnl" else amount)
            if entry.name not in ("cash", "position") or not amount:
                continue
            mark = marks.get(entry.symbol) if entry.name == "position" else Mark(entry.unit, entry.unit, Decimal(1))
            rate = None if mark is None else _rate(mark.quote_currency, currency, marks)
            if mark is None or rate is None:
                missing.append(entry.symbol or entry.unit)
                continue
            total += amount * mark.price * rate
            if entry.name == "position":
                _add(sums["exposure"], mark.quote_currency, amount * mark.price)
        unrealised = {
            unit: sums["exposure"].get(unit, Decimal(0)) - cost for unit, cost in sums["cost"].items() if not missing
        }
    equity = None if missing else total
    return Worth(equity, sums["exposure"], unrealised, sums["realised_pnl"], sums["fees"], tuple(missing))


def _add(sums: dict[str, Decimal], unit: str, amount: Decimal) -> None:
    sums[unit] = sums.get(unit, Decimal(0)) + amount


def _rate(unit: str, currency: str, marks: Mapping[str, Mark]) -> Decimal | None:
    """How much of `currency` a unit of another one is worth, by a pair of the two, whichever way round it is."""
    if unit == currency:
        return Decimal(1)
    for mark in marks.values():
        if (mark.base_asset, mark.quote_currency) == (unit, currency):
            return mark.price
        if (mark.quote_currency, mark.base_asset) == (unit, currency) and mark.price:
            return 1 / mark.price
    return None


def moved(anchors: Anchors | None, equity: Decimal, at: datetime) -> Anchors:
    """The anchors once the equity is known at a time (which has a zone): a new day begins with it, a new peak is it."""
    today = at.astimezone(ISTANBUL).date()
    if anchors is None:
        return Anchors(today, equity, equity)
    day_start = anchors.day_start if anchors.day == today else equity
    return Anchors(today, day_start, max(anchors.peak, equity))


def fallen(anchor: Decimal, equity: Decimal) -> Decimal:
    """How far the equity is below an anchor, as a part of it: 0 when it is not below, 1 when nothing is left."""
    with localcontext(prec=PRECISION):
        return max(Decimal(0), (anchor - equity) / anchor) if anchor > 0 else Decimal(0)


def shares(anchors: Anchors, equity: Decimal, limits: Limits) -> dict[str, Decimal]:
    """Which part of each limit on losses is used up."""
    with localcontext(prec=PRECISION):
        return {
            DAILY_LOSS: fallen(anchors.day_start, equity) * 100 / limits.max_daily_loss_percent,
            DRAWDOWN: fallen(anchors.peak, equity) * 100 / limits.max_drawdown_percent,
        }


def breaches(anchors: Anchors, equity: Decimal, limits: Limits) -> list[Breach]:
    """The limits on losses that the equity has reached."""
    checks = (
        (DAILY_LOSS, "REDUCING", "what it was as the day began", anchors.day_start, limits.max_daily_loss_percent),
        (DRAWDOWN, "HALTED", "the most it ever was", anchors.peak, limits.max_drawdown_percent),
    )
    found = []
    for code, state, of, anchor, limit in checks:
        percent = fallen(anchor, equity) * 100
        if percent >= limit:
            reason = f"the equity is {percent:.2f} % below {of} ({equity:.2f} of {anchor:.2f}), the limit is {limit} %"
            found.append(Breach(code, "REDUCING" if state == "REDUCING" else "HALTED", reason))
    return found
