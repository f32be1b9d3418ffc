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
from marketdata.venues.btcturk.readings import ZERO, pair_name

LISTS = ("exchangeinfo", "filters")
"""The lists of which rows may be left out."""
_MOST_SCALE = 18
TRADING_STATUS = "TRADING"


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
    named = each(symbols, lambda item: converted(item, _Named), "exchangeinfo", "name")
    usable: dict[tuple[str, str | None], Instrument] = dict(read.rows)
    pairs: dict[str, ListedPair] = {}
    for row in named.rows:
        name, status = pair_name(row.name), _status(row.status)
        pair = ListedPair(_number(row.id), status, usable.get((name, status)))
        pairs[name] = pair if name not in pairs else _better(pairs[name], pair)
    return ListedPairs(pairs, (*read.left_out, *broken), whole=not named.left_out)


def _better(one: ListedPair, other: ListedPair) -> ListedPair:
    """Returns the row that counts of a pair that is listed twice: the one with rules, then the one that trades."""
    return max(one, other, key=lambda pair: (pair.instrument is not None, pair.status == TRADING_STATUS))


def _number(value: Any) -> int | None:
    try:
        return int(converted(value, int))
    except msgspec.ValidationError:
        return None


def _status(value: Any) -> str | None:
    return value.upper() if isinstance(value, str) else None


def _instrument(item: Any, broken: list[LeftOut]) -> tuple[tuple[str, str | None], Instrument]:
    """Returns a pair's rules, with its name and status. Those of its filters that can't be read go to `broken`."""
    symbol = converted(item, _Symbol)
    rules = each(symbol.filters, lambda rule: converted(rule, _Filter), "filters", "filterType")
    broken += rules.left_out
    prices = [rule for rule in rules.rows if rule.filter_type.upper() == "PRICE_FILTER"]
    price = next((rule for rule in prices if _positive(rule.tick_size)), None)
    if price is None or price.tick_size is None or not 0 <= symbol.numerator_scale <= _MOST_SCALE:
        raise BadRow("it has no tick, or an impossible scale")
    least = price.min_exchange_value
    name = pair_name(symbol.name)
    return (name, _status(symbol.status)), Instrument(
        symbol=f"{SOURCE}:{name}",
        base_asset=pair_name(symbol.numerator),
        quote_currency=pair_name(symbol.denominator),
        tick_size=price.tick_size,
        lot_size=Decimal(1).scaleb(-symbol.numerator_scale),
        min_notional=least if _positive(least) else ZERO,
    )


def _positive(number: Decimal | None) -> bool:
    return number is not None and number.is_finite() and number > 0
