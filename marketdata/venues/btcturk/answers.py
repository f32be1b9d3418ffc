"""Reads BTCTurk's REST answers: instruments, bars, trades, tickers, an order book, its clock. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from common.wire import Instrument, Level, Side
from marketdata.events import Bar, Ticker, Trades, VenueTrade
from marketdata.rest.replies import UnusableAnswer, decoded
from marketdata.state.book import Sides
from marketdata.state.candles import DAY, MINUTE
from marketdata.venues.btcturk.frames import SOURCE

T = TypeVar("T")


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
    id: the venue's number of the pair, which outlives its name; None where it gives none.
    status: `TRADING` while it trades.
    numerator: the base asset.
    denominator: the quote currency.
    numerator_scale: the decimals of a quantity.
    filters: the rules for orders.
    """

    name: str
    status: str
    numerator: str
    denominator: str
    numerator_scale: int
    filters: tuple[_Filter, ...]
    id: int | None = None


class _Info(msgspec.Struct):
    """The content of `/api/v2/server/exchangeinfo`."""

    symbols: tuple[_Symbol, ...]


class _Day(msgspec.Struct):
    """A daily bar of `/v1/ohlcs`.

    time: its start in unix seconds.
    open, high, low, close: its prices.
    volume: in the base asset.
    """

    time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class _Minutes(msgspec.Struct):
    """TradingView's UDF form: one list for each field, all of the same length."""

    s: str
    t: tuple[int, ...] = ()
    o: tuple[Decimal, ...] = ()
    h: tuple[Decimal, ...] = ()
    l: tuple[Decimal, ...] = ()  # noqa: E741 - the venue's name
    c: tuple[Decimal, ...] = ()
    v: tuple[Decimal, ...] = ()


class _TickerRow(msgspec.Struct, rename="camel"):
    """A pair in `/api/v2/ticker`.

    pair: the pair.
    last: the last price.
    daily_percent: the day's change in percent.
    """

    pair: str
    last: Decimal
    daily_percent: Decimal


class _Time(msgspec.Struct, rename="camel"):
    """The answer of `/api/v2/server/time`.

    server_time: milliseconds since 1970.
    """

    server_time: int


class _Trade(msgspec.Struct):
    """A trade in `/api/v2/trades`.

    date: milliseconds since 1970.
    tid: its id.
    price, amount: the amount is in the base asset.
    side: the aggressor's.
    """

    date: int | str
    tid: int | str
    price: Decimal
    amount: Decimal
    side: Side


class _Book(msgspec.Struct):
    """The content of `/api/v2/orderbook`.

    bids, asks: the levels, in any order.
    """

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class _Answer(msgspec.Struct, Generic[T]):
    """The envelope of the answers under `/api/v2`, but for the clock's.

    success: false when the venue could not answer.
    data: the content; None for none.
    """

    success: bool
    data: T | None = None


class ListedPair(NamedTuple):
    """A pair that the venue lists.

    venue_id: the venue's number of the pair; None where it gives none.
    status: `TRADING` while it trades.
    instrument: its rules; None when they can't be used.
    """

    venue_id: int | None
    status: str
    instrument: Instrument | None


def listed_pairs(body: bytes) -> dict[str, ListedPair]:
    """Returns every pair of `exchangeinfo`, by the venue's name. Raises `UnusableAnswer`, also for an empty list."""
    symbols = _content(_Info, body, "exchangeinfo").symbols
    if not symbols:
        raise UnusableAnswer("exchangeinfo lists no pair")
    return {symbol.name: ListedPair(symbol.id, symbol.status, _instrument(symbol)) for symbol in symbols}


def _instrument(symbol: _Symbol) -> Instrument | None:
    price = next((rule for rule in symbol.filters if rule.filter_type == "PRICE_FILTER"), None)
    if price is None or not _positive(price.tick_size) or not 0 <= symbol.numerator_scale <= 18:
        return None
    least = price.min_exchange_value
    return Instrument(
        symbol=f"{SOURCE}:{symbol.name}",
        base_asset=symbol.numerator,
        quote_currency=symbol.denominator,
        tick_size=price.tick_size or Decimal(0),
        lot_size=Decimal(1).scaleb(-symbol.numerator_scale),
        min_notional=least if least is not None and _positive(least) else Decimal(0),
    )


def _positive(number: Decimal | None) -> bool:
    return number is not None and number.is_finite() and number > 0


def tickers(body: bytes) -> tuple[Ticker, ...]:
    """Returns last price and daily change of every pair, from `/api/v2/ticker`. Raises `UnusableAnswer`."""
    found = _content(tuple[_TickerRow, ...], body, "ticker")
    if not all(row.last.is_finite() and row.daily_percent.is_finite() for row in found):
        raise UnusableAnswer("ticker holds a number that can't be")
    return tuple(Ticker(row.pair, row.last, row.daily_percent) for row in found)


def server_time(body: bytes) -> float:
    """Returns the venue's clock in unix seconds, from `/api/v2/server/time`. Raises `UnusableAnswer`."""
    return float(decoded(_Time, body, "time").server_time) / 1000


def days(body: bytes) -> list[Bar]:
    """Returns the daily bars of `/v1/ohlcs`; their starts are the venue's. Raises `UnusableAnswer`."""
    found = decoded(tuple[_Day, ...], body, "ohlcs")
    return _sane((Bar(*msgspec.structs.astuple(day)) for day in found), apart=DAY, of="ohlcs")


def minutes(body: bytes) -> list[Bar]:
    """Returns the minute bars of `/v1/klines/history`; none when the venue has no data. Raises `UnusableAnswer`."""
    found = decoded(_Minutes, body, "klines")
    if found.s == "no_data":
        return []
    columns = (found.t, found.o, found.h, found.l, found.c, found.v)
    if found.s != "ok" or len({len(column) for column in columns}) != 1:
        raise UnusableAnswer(f"klines say {found.s[:40]!r}, with lists of {[len(column) for column in columns]}")
    return _sane((Bar(*row) for row in zip(*columns, strict=True)), apart=MINUTE, of="klines")


def trades(pair: str, body: bytes) -> Trades:
    """Returns the latest trades of `/api/v2/trades`. Raises `UnusableAnswer`."""
    found = _content(tuple[_Trade, ...], body, "trades")
    try:
        return Trades(pair, tuple(_trade(trade) for trade in found), replay=True)
    except (ValueError, OverflowError, OSError, InvalidOperation) as error:
        raise UnusableAnswer(f"trades hold a number or time that can't be ({type(error).__name__})") from error


def order_book(body: bytes) -> Sides:
    """Returns bids and asks of `/api/v2/orderbook`, best first. Raises `UnusableAnswer`.

    The answer has no sequence, so it can be compared with a book and can't begin one.
    """
    book = _content(_Book, body, "orderbook")
    if not all(level.price.is_finite() and level.quantity.is_finite() for level in (*book.bids, *book.asks)):
        raise UnusableAnswer("orderbook holds a number that can't be")
    price = attrgetter("price")
    return tuple(sorted(book.bids, key=price, reverse=True)), tuple(sorted(book.asks, key=price))


def _content(kind: Any, body: bytes, name: str) -> Any:
    answer = decoded(_Answer[kind], body, name)
    if not answer.success or answer.data is None:
        raise UnusableAnswer(f"{name} brings no data: success is {answer.success}")
    return answer.data


def _trade(trade: _Trade) -> VenueTrade:
    if not (trade.price > 0 and trade.amount >= 0 and trade.price.is_finite() and trade.amount.is_finite()):
        raise InvalidOperation
    at = datetime.fromtimestamp(int(trade.date) / 1000, UTC)
    return VenueTrade(str(trade.tid), trade.price, trade.amount, trade.side, at)


def _sane(bars: Iterable[Bar], *, apart: int, of: str) -> list[Bar]:
    """Returns the bars when every one is possible.

    One that is not spoils them all: the others can't be trusted then.
    """
    found = sorted(bars)
    steps = [later.start - earlier.start for earlier, later in pairwise(found)]
    if any(step <= 0 or step % apart for step in steps):
        raise UnusableAnswer(f"{of} hold a bar twice, or one that is not {apart} s from the next")
    for bar in found:
        numbers = (bar.open, bar.high, bar.low, bar.close, bar.volume)
        if not all(number.is_finite() for number in numbers) or bar.volume < 0 or bar.start < 0:
            raise UnusableAnswer(f"{of} hold a number that can't be")
        if not 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high:
            raise UnusableAnswer(f"{of} hold a bar whose high and low do not hold its open and close")
    return found
