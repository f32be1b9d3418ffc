"""How values are written for people: numbers with separators, ages, words for states. One place for page and stream."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Literal

from common import wire

MISSING = "–"
MINUS = "\u2212"
Trend = Literal["up", "down", "flat", "unknown"]


class QuoteRow(wire.Message, frozen=True, kw_only=True):
    """One row of the quote table, as text. `at`: when the feed last proved it, seconds since 1970; `note`: what keeps
    the quote from being traded on though it is fresh."""

    symbol: str
    pair: str
    bid: str
    bid_quantity: str
    ask: str
    ask_quantity: str
    spread: str
    last: str
    change: str
    trend: Trend
    at: float
    stale: bool
    note: str


def number(value: Decimal | None, places: int = 0) -> str:
    """At least `places` decimals, never fewer than the value has; thousands separated."""
    if value is None:
        return MISSING
    shown = value.normalize()
    exponent = shown.as_tuple().exponent
    decimals = max(places, -exponent if isinstance(exponent, int) else 0)
    return f"{shown:,.{decimals}f}".replace("-", MINUS)


def money(value: Decimal | None, places: int = 2) -> str:
    """Rounded to `places` decimals, half to even; thousands separated."""
    if value is None:
        return MISSING
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN) + 0
    return f"{rounded:,.{places}f}".replace("-", MINUS)


def signed(value: Decimal | None, places: int = 2) -> str:
    """As `money`, with a plus before gains."""
    text = money(value, places)
    return f"+{text}" if value is not None and value > 0 and text.strip("0.,") else text


def figure(text: str) -> str:
    """A number of a denial for people; what is no number stays as it is."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    return number(value) if value.is_finite() else text


def age(seconds: float | None) -> str:
    """A duration as people say it: <1 s, 12 s, 3 min, 2 h, 5 d. The page's script says it the same way."""
    if seconds is None:
        return MISSING
    if seconds < 1:
        return "<1 s"
    for limit, divisor, unit in ((90, 1, "s"), (5400, 60, "min"), (129_600, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds / divisor)} {unit}"
    return f"{int(seconds / 86_400)} d"


def bytes_of(size: int | None) -> str:
    """A size in kB (1000 bytes), or in bytes when small."""
    if size is None:
        return MISSING
    return f"{size / 1000:,.1f} kB" if size >= 1000 else f"{size} B"


def clock(moment: datetime) -> str:
    """The time of day in UTC."""
    return f"{moment.astimezone(UTC):%H:%M:%S}"


def day_and_clock(moment: datetime) -> str:
    """Date and time in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def trend_of(value: Decimal | None) -> Trend:
    """The sign in a word."""
    if value is None:
        return "unknown"
    return "up" if value > 0 else "down" if value < 0 else "flat"


def pair_of(symbol: str, instrument: wire.Instrument | None = None) -> str:
    """BTC/TRY where the instrument is known, else the symbol without its venue."""
    if instrument:
        return f"{instrument.base_asset}/{instrument.quote_currency}"
    return symbol.partition(":")[2] or symbol


def places_of(step: Decimal | None) -> int:
    """How many decimals a tick or lot size has."""
    exponent = step.normalize().as_tuple().exponent if step is not None else 0
    return max(0, -exponent) if isinstance(exponent, int) else 0


def quote_row(quote: wire.Quote, instrument: wire.Instrument | None, proved_at: datetime) -> QuoteRow:
    """The row of one quote; `proved_at` is the time of day that its age points to."""
    price = places_of(instrument.tick_size if instrument else None)
    size = places_of(instrument.lot_size if instrument else None)
    return QuoteRow(
        symbol=quote.symbol,
        pair=pair_of(quote.symbol, instrument),
        bid=number(quote.bid, price),
        bid_quantity=number(quote.bid_quantity, min(size, 4)),
        ask=number(quote.ask, price),
        ask_quantity=number(quote.ask_quantity, min(size, 4)),
        spread=_spread(quote),
        last=number(quote.last, price),
        change=MISSING if quote.daily_change_percent is None else f"{signed(quote.daily_change_percent)} %",
        trend=trend_of(quote.daily_change_percent),
        at=round(proved_at.timestamp(), 1),
        stale=quote.stale,
        note=note_of(quote),
    )


def note_of(quote: wire.Quote) -> str:
    """Delayed, or in which phase other than continuous trading; empty for a live quote."""
    phase = "" if quote.phase == "continuous" else quote.phase.replace("_", " ")
    return ", ".join(word for word in ("delayed" if quote.delayed else "", phase) if word)


def _spread(quote: wire.Quote) -> str:
    """Ask minus bid over their middle, in basis points."""
    if quote.bid is None or quote.ask is None or quote.bid + quote.ask <= 0:
        return MISSING
    return money((quote.ask - quote.bid) / ((quote.ask + quote.bid) / 2) * 10_000, 2)
