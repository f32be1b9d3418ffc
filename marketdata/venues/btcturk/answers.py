"""Reads BTCTurk's REST answers, but for bars and instruments: trades, tickers, an order book, its clock. Pure.

Lists are read row by row: `Listed` says which rows could not be used. A price is put on its tick where that is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from common.decimals import plain_text
from common.wire import Level
from marketdata.events import Ticker, Trades, VenueTrade
from marketdata.lenient import converted, folded_names, mapping
from marketdata.listed import BadRow, LeftOut, Listed, each
from marketdata.numbers import identity, snapped, unix_seconds
from marketdata.rest.replies import UnusableAnswer, decoded
from marketdata.state.book import Sides
from marketdata.venues.btcturk.readings import MOST, number_of, pair_name, side, time_of

LISTS = ("ticker", "trades", "orderbook")
"""The lists of which rows may be left out."""
NAMES = folded_names(
    *("success", "data", "serverTime", "pair", "last", "dailyPercent", "date", "tid", "price", "amount", "side"),
    *("bids", "asks", "symbols", "name", "status", "id", "numerator", "denominator", "numeratorScale", "filters"),
    *("filterType", "tickSize", "minExchangeValue", "time", "open", "high", "low", "close", "volume", *"stohlcv"),
)
"""The names of the fields that are read of any answer."""


class _TickerRow(msgspec.Struct, rename="camel"):
    """A pair in `/api/v2/ticker`.

    pair: the pair.
    last: the last price; 0 before the first trade.
    daily_percent: the day's change in percent, not read yet.
    """

    pair: str
    last: Decimal
    daily_percent: Any = None


class _Time(msgspec.Struct, rename="camel"):
    """The answer of `/api/v2/server/time`.

    server_time: its time, see `numbers.unix_seconds`.
    """

    server_time: int | float | str


class _Trade(msgspec.Struct):
    """A trade in `/api/v2/trades`.

    date: its time, see `numbers.unix_seconds`.
    tid: its id.
    price, amount: the amount is in the base asset.
    side: the aggressor's.
    """

    date: int | float | str
    tid: int | str
    price: Decimal
    amount: Decimal
    side: int | str


class _Answer(msgspec.Struct):
    """The envelope of the answers under `/api/v2`, but for the clock's.

    success: false when the venue could not answer; None when it does not say.
    data: the content; None for none.
    """

    success: bool | None = None
    data: Any = None


class ReadBook(NamedTuple):
    """An order book of `/api/v2/orderbook`.

    sides: bids and asks, best first.
    left_out: the levels that could not be used.
    """

    sides: Sides
    left_out: tuple[LeftOut, ...] = ()


def tickers(body: bytes, tick_of: Callable[[str], Decimal | None]) -> Listed[Ticker]:
    """Returns last price and daily change of every pair, from `/api/v2/ticker`. Raises `UnusableAnswer`."""

    def read(item: Any) -> Ticker:
        row = converted(item, _TickerRow)
        _require(0 <= row.last <= MOST)
        pair = pair_name(row.pair)
        return Ticker(pair, _on_tick(row.last, tick_of(pair)) if row.last else None, number_of(row.daily_percent))

    return rows_of(content(body, "ticker"), read, "ticker", "pair")


def server_time(body: bytes) -> float:
    """Returns the venue's clock in unix seconds, from `/api/v2/server/time`. Raises `UnusableAnswer`."""
    try:
        return float(unix_seconds(decoded(_Time, body, "time", NAMES).server_time))
    except ValueError as error:
        raise UnusableAnswer(f"time can't be read: {error}") from error


def trades(pair: str, body: bytes, tick: Decimal | None = None) -> tuple[Trades, tuple[LeftOut, ...]]:
    """Returns the latest trades of `/api/v2/trades`, and the rows left out. Raises `UnusableAnswer`.

    A trade of nothing, or at a price of 0, is no trade.
    """

    def read(item: Any) -> VenueTrade | None:
        told = converted(item, _Trade)
        _require(0 <= told.price <= MOST and 0 <= told.amount <= MOST)
        if not (told.price and told.amount):
            return None
        price = _on_tick(told.price, tick)
        return VenueTrade(identity(told.tid), price, told.amount, side(told.side), time_of(told.date))

    found = rows_of(content(body, "trades"), read, "trades", "tid")
    return Trades(pair, found.rows, replay=True), found.left_out


def order_book(body: bytes, tick: Decimal | None = None) -> ReadBook:
    """Returns bids and asks of `/api/v2/orderbook`. Raises `UnusableAnswer`.

    The answer has no sequence, so it can be compared with a book and can't begin one. A side that is null or missing is
    empty, unless both are. A level of nothing, or at a price of 0, is no level.
    """

    def read(item: Any) -> Level | None:
        price, quantity, *_ = converted(item, list[Any])
        level = Level(price=converted(price, Decimal), quantity=converted(quantity, Decimal))
        _require(0 <= level.price <= MOST and 0 <= level.quantity <= MOST)
        if not (level.price and level.quantity):
            return None
        return Level(price=_on_tick(level.price, tick), quantity=level.quantity)

    book = mapping_of(content(body, "orderbook"), "orderbook")
    if book.get("bids") is None and book.get("asks") is None:
        raise UnusableAnswer("orderbook has neither bids nor asks")
    bids, asks = (rows_of(book.get(name) or [], read, "orderbook") for name in ("bids", "asks"))
    price = attrgetter("price")
    sides = tuple(sorted(bids.rows, key=price, reverse=True)), tuple(sorted(asks.rows, key=price))
    return ReadBook(sides, (*bids.left_out, *asks.left_out))


def _on_tick(price: Decimal, tick: Decimal | None) -> Decimal:
    """Returns the price on its tick; as it is when the tick is not known. Raises `BadRow` when it is off its tick."""
    if tick is None:
        return price
    found = snapped(price, tick)
    if found is None:
        raise BadRow(f"off_tick: {plain_text(price)} is no price at a tick of {plain_text(tick)}")
    return found


def _require(possible: bool) -> None:
    if not possible:
        raise InvalidOperation


def mapping_of(value: Any, name: str) -> Mapping[str, Any]:
    """Returns a content that has to be an object. Raises `UnusableAnswer` that begins with `name`."""
    try:
        return mapping(value)
    except msgspec.ValidationError as error:
        raise UnusableAnswer(f"{name} can't be read: {error}") from error


def rows_of(items: Any, read: Callable[[Any], Any], name: str, key: str = "") -> Listed[Any]:
    """Reads a list row by row. Raises `UnusableAnswer` when it is no list, or no row can be used."""
    if not isinstance(items, list):
        raise UnusableAnswer(f"{name} holds no list")
    found: Listed[Any] = each(items, read, name, key)
    if found.spoilt:
        raise UnusableAnswer(f"{name} holds no row that can be used: {found.left_out[0].reason}")
    return found


def content(body: bytes, name: str) -> Any:
    """Returns the content of an answer in the usual envelope. Raises `UnusableAnswer` that begins with `name`."""
    answer: _Answer = decoded(_Answer, body, name, NAMES)
    if answer.success is False or answer.data is None:
        raise UnusableAnswer(f"{name} brings no data: success is {answer.success}")
    return answer.data
