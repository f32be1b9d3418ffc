"""Reads the pairs that BTCTurk lists, each with its rules, from its `exchangeinfo`. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from common.wire import Instrument
from marketdata.lenient import converted
from marketdata.listed import BadRow, LeftOut, each
from marketdata.rest.replies import UnusableAnswer
from marketdata.venues.btcturk.answers import content, mapping_of, rows_of
from marketdata.venues.btcturk.frames import SOURCE
from marketdata.venues.btcturk.readings import ZERO

LISTS = ("exchangeinfo", "filters")
"""The lists of which rows may be left out."""
_MOST_SCALE = 18


class _Filter(msgspec.Struct, rename="camel"):
    """A rule for a pair's orders.

    filter_type: `PRICE_FILTER` for the rule that has the two numbers.
    tick_size: the step of prices; None in other rules.
    min_exchange_value: the least value of an order in the quote currency; None in other rules.
    """

    filter_type: str
    tick_size: Decimal | None = None
    min_exchange_value: Decimal | None = None


class _Symbol(msgspec.Struct, rename="camel"):
    """A pair.

    name: the pair.
    status: `TRADING` while it trades.
    numerator: the base asset.
    denominator: the quote currency.
    numerator_scale: the decimals of a quantity.
    filters: the rules for orders, not read yet.
    """

    name: str
    status: str
    numerator: str
    denominator: str
    numerator_scale: int
    filters: list[Any]


class _Named(msgspec.Struct):
    """The part of a pair that says which one it is. It can be read where the rest can't.

    name: the pair.
    status: its status, not read yet.
    id: the venue's number of the pair, not read yet.
    """

    name: str
    status: Any = None
    id: Any = None


class ListedPair(NamedTuple):
    """A pair that the venue lists.

    venue_id: the venue's number of the pair; None where it gives none.
    status: `TRADING` while it trades; None where it tells none.
    instrument: its rules; None when they can't be used.
    """

    venue_id: int | None
    status: str | None
    instrument: Instrument | None


class ListedPairs(NamedTuple):
    """All pairs of an answer.

    pairs: every pair that it names, by the venue's name.
    left_out: the pairs and rules that could not be used.
    whole: false when a row names no pair. One that seems to be missing may be in that row.
    """

    pairs: dict[str, ListedPair]
    left_out: tuple[LeftOut, ...] = ()
    whole: bool = True


def listed_pairs(body: bytes) -> ListedPairs:
    """Returns every pair of `exchangeinfo`, trading or not. Raises `UnusableAnswer`, also for an empty list.

    A pair whose rules can't be used is listed without them: it is still there.
    """
    symbols: Any = mapping_of(content(body, "exchangeinfo"), "exchangeinfo").get("symbols")
    broken: list[LeftOut] = []
    read = rows_of(symbols, lambda item: _instrument(item, broken), "exchangeinfo", "name")
    if not read.rows:
        raise UnusableAnswer("exchangeinfo lists no pair")
    named, usable = each(symbols, lambda item: converted(item, _Named), "exchangeinfo", "name"), dict(read.rows)
    pairs = {row.name: ListedPair(_number(row.id), _status(row.status), usable.get(row.name)) for row in named.rows}
    return ListedPairs(pairs, (*read.left_out, *broken), whole=not named.left_out)


def _number(value: Any) -> int | None:
    try:
        return int(converted(value, int))
    except msgspec.ValidationError:
        return None


def _status(value: Any) -> str | None:
    return value.upper() if isinstance(value, str) else None


def _instrument(item: Any, broken: list[LeftOut]) -> tuple[str, Instrument]:
    """Returns a pair's rules, with its name. Those of its filters that can't be read are added to `broken`."""
    symbol = converted(item, _Symbol)
    rules = each(symbol.filters, lambda rule: converted(rule, _Filter), "filters", "filterType")
    broken += rules.left_out
    price = next((rule for rule in rules.rows if rule.filter_type.upper() == "PRICE_FILTER"), None)
    if price is None or not _positive(price.tick_size) or not 0 <= symbol.numerator_scale <= _MOST_SCALE:
        raise BadRow("it has no tick, or an impossible scale")
    least = price.min_exchange_value
    return symbol.name, Instrument(
        symbol=f"{SOURCE}:{symbol.name}",
        base_asset=symbol.numerator,
        quote_currency=symbol.denominator,
        tick_size=price.tick_size,
        lot_size=Decimal(1).scaleb(-symbol.numerator_scale),
        min_notional=least if _positive(least) else ZERO,
    )


def _positive(number: Decimal | None) -> bool:
    return number is not None and number.is_finite() and number > 0
