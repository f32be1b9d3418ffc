"""Writes values for people: numbers with separators, ages, words. The first paint and the stream both use it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from common import wire
from common.decimals import is_plain, plain_text

MISSING = "–"
MINUS = "\u2212"
SIGNIFICANT_DIGITS = 3
MOST_DIGITS = 40
"""A number with more digits before or behind the point is shown by its size."""
UNREADABLE = "unreadable"
"""Stands for what can't be shown."""
Trend = Literal["up", "down", "flat", "unknown"]


class QuoteRow(wire.Message, frozen=True, kw_only=True):
    """One row of the quote table. Prices, sizes and changes are texts; `–` where there is none.

    symbol: the instrument's symbol.
    pair: the pair as people write it, such as BTC/TRY.
    bid, bid_quantity, ask, ask_quantity: the best prices and their sizes.
    spread: ask less bid over their middle, in basis points.
    last: the price of the last trade.
    change: the change in a day, in percent.
    trend: the sign of the change.
    at: when the feed last proved the quote, in seconds since 1970.
    stale: true when it is too old, or the feed does not vouch for it.
    note: `delayed`, or the trading phase when it is not continuous; empty otherwise.
    """

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
    """Returns the value with all its decimals, at least `places`, and separated thousands."""
    if value is None:
        return MISSING
    return _too_long(value) or f"{value:z,.{max(places, places_of(value))}f}".replace("-", MINUS)


def money(value: Decimal | None, places: int = 2) -> str:
    """Returns the value rounded to `places` decimals, half to even, with separated thousands."""
    if value is None:
        return MISSING
    return _too_long(value) or f"{value:z,.{places}f}".replace("-", MINUS)


def price(value: Decimal | None, places: int = 2) -> str:
    """Returns a price as `money` does, but with three significant digits at least: a cheap coin's price is not 0.00."""
    if value is None:
        return MISSING
    if too_long := _too_long(value):
        return too_long
    decimals = max(places, SIGNIFICANT_DIGITS - 1 - value.adjusted()) if value else places
    return number(Decimal(f"{value:.{decimals}f}"), places)


def signed(value: Decimal | None, places: int = 2) -> str:
    """Returns the value as `money` does, with a plus before gains."""
    text = money(value, places)
    return f"+{text}" if value is not None and value > 0 and text.strip("0.,") else text


def figure(text: str) -> str:
    """Returns a number of a denial with separated thousands; any other text as it is."""
    return number(Decimal(text)) if is_plain(text) else text


def age(seconds: float | None) -> str:
    """Returns a duration as people say it: <1 s, 12 s, 3 min, 2 h, 5 d. The page's script does the same."""
    if seconds is None:
        return MISSING
    if seconds < 1:
        return "<1 s"
    for limit, divisor, unit in ((90, 1, "s"), (5400, 60, "min"), (129_600, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds / divisor)} {unit}"
    return f"{int(seconds / 86_400)} d"


def bytes_of(size: int | None) -> str:
    """Returns a size in kB (1000 bytes), or in bytes when it is small."""
    if size is None:
        return MISSING
    return f"{size / 1000:,.1f} kB" if size >= 1000 else f"{size} B"


def clock(moment: datetime) -> str:
    """Returns the time of day in UTC."""
    return f"{moment.astimezone(UTC):%H:%M:%S}"


def day_and_clock(moment: datetime) -> str:
    """Returns date and time in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def trend_of(value: Decimal | None) -> Trend:
    """Returns the sign as a word."""
    if value is None:
        return "unknown"
    return "up" if value > 0 else "down" if value < 0 else "flat"


def pair_of(symbol: str, instrument: wire.Instrument | None = None) -> str:
    """Returns BTC/TRY where the instrument is known, else the symbol without its venue."""
    if instrument:
        return f"{instrument.base_asset}/{instrument.quote_currency}"
    return symbol.partition(":")[2] or symbol


def places_of(value: Decimal | None) -> int:
    """Returns the number of decimals that a value has, such as a tick or lot size."""
    return 0 if value is None else len(plain_text(value).partition(".")[2])


def quote_row(quote: wire.Quote, instrument: wire.Instrument | None, proved_at: datetime) -> QuoteRow:
    """Returns the row of one quote. `proved_at` is when the feed last proved it."""
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


def unreadable_row(symbol: str) -> QuoteRow:
    """Returns the row of a quote that can't be drawn."""
    return QuoteRow(
        symbol=symbol,
        pair=pair_of(symbol),
        bid=MISSING,
        bid_quantity=MISSING,
        ask=MISSING,
        ask_quantity=MISSING,
        spread=MISSING,
        last=MISSING,
        change=MISSING,
        trend="unknown",
        at=0.0,
        stale=True,
        note=UNREADABLE,
    )


def note_of(quote: wire.Quote) -> str:
    """Returns why a fresh quote can't be traded on; empty when it can."""
    phase = "" if quote.phase == "continuous" else quote.phase.replace("_", " ")
    return ", ".join(word for word in ("delayed" if quote.delayed else "", phase) if word)


def _too_long(value: Decimal) -> str:
    """Returns the size of a number that is nobody's amount, as 10^900; an empty text for every other one."""
    if not value or (abs(value.adjusted()) <= MOST_DIGITS and places_of(value) <= MOST_DIGITS):
        return ""
    return f"about {MINUS if value < 0 else ''}10^{value.adjusted()}"


def _spread(quote: wire.Quote) -> str:
    """Returns ask less bid over their middle, in basis points."""
    if quote.bid is None or quote.ask is None or quote.bid + quote.ask <= 0:
        return MISSING
    return money((quote.ask - quote.bid) / ((quote.ask + quote.bid) / 2) * 10_000, 2)
