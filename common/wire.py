"""The messages that services exchange: frozen, exact, strict. Money and quantities are decimal strings, times UTC."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from common.amount import Amount
from common.codec import Message as Message
from common.codec import decode as decode
from common.codec import encode as encode
from common.market import Market as Market

Side = Literal["buy", "sell"]
OrderType = Literal["market", "limit"]
TimeInForce = Literal["GTC", "IOC", "FOK"]
Phase = Literal["continuous", "opening_auction", "closing_auction", "trades_at_close", "halted", "closed"]
InstrumentState = Literal["trading", "halted", "delisted", "renamed"]
OrderStatus = Literal["received", "denied", "accepted", "partially_filled", "filled", "cancelled", "expired"]


class Instrument(Message, frozen=True, kw_only=True):
    """Something that can be traded.

    symbol: `VENUE:PAIR`, such as BTCTURK:BTCTRY.
    base_asset, quote_currency: the units of quantities and of prices.
    tick_size, lot_size: the steps between two prices, and between two quantities.
    min_notional: the smallest price times quantity of an order, in the quote currency.
    state, reason: `trading`, or why the venue trades it no longer, and a sentence about that; empty while it trades.
    """

    symbol: str
    base_asset: str
    quote_currency: str
    tick_size: Decimal
    lot_size: Decimal
    min_notional: Decimal
    state: InstrumentState = "trading"
    reason: str = ""


class Fact(Message, frozen=True, kw_only=True):
    """Base of every piece of market data.

    symbol: the instrument's symbol.
    market, source: the market and the venue that it is from.
    delayed: true for data that is minutes old by contract.
    sequence: rises with every change of the market data service.
    received_at: when it arrived here, UTC.
    venue_time: the venue's own time, UTC; None where the venue gives none.
    """

    symbol: str
    market: Market
    source: str
    delayed: bool
    sequence: int
    received_at: datetime
    venue_time: datetime | None = None


class Quote(Fact, frozen=True, kw_only=True):
    """Best bid and ask of a symbol.

    bid, ask: prices; None while that side is empty.
    bid_quantity, ask_quantity: in the base asset; None while that side is empty.
    last: the price of the last trade; None before the first one.
    daily_change_percent: the change of `last` in a day, as the venue tells it; None where it does not.
    age_seconds: how long ago the feed last proved the quote.
    stale: true when it is too old, or the feed does not vouch for it.
    phase: the trading phase.
    """

    bid: Decimal | None
    bid_quantity: Decimal | None
    ask: Decimal | None
    ask_quantity: Decimal | None
    last: Decimal | None
    daily_change_percent: Decimal | None
    age_seconds: float
    stale: bool
    phase: Phase = "continuous"


class Level(Message, frozen=True, kw_only=True, array_like=True):
    """One price level of an order book, as `[price, quantity]`.

    price, quantity: in the quote currency, and in the base asset.
    """

    price: Decimal
    quantity: Decimal


class Book(Fact, frozen=True, kw_only=True):
    """The visible order book of a symbol.

    base_asset, quote_currency: the instrument's.
    bids, asks: by price, the best one first.
    age_seconds: how long ago the feed last proved the book.
    stale: true when it is too old or not vouched for; it is shown then, but must not be traded on.
    phase: the trading phase.
    floor, ceiling: the lowest and highest price of the day; None where the venue has no such limits.
    """

    base_asset: str
    quote_currency: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    age_seconds: float
    stale: bool
    phase: Phase = "continuous"
    floor: Decimal | None = None
    ceiling: Decimal | None = None


class Trade(Fact, frozen=True, kw_only=True):
    """One trade of the venue.

    trade_id: unique within the symbol.
    price, quantity: in the quote currency, and in the base asset.
    side: the aggressor's side.
    """

    trade_id: str
    price: Decimal
    quantity: Decimal
    side: Side


class Status(Fact, frozen=True, kw_only=True):
    """The trading status of a symbol.

    phase: the trading phase.
    reference_price: the day's base price; None where the venue has none.
    floor, ceiling: the lowest and highest price of the day; None where the venue has no such limits.
    """

    phase: Phase
    reference_price: Decimal | None = None
    floor: Decimal | None = None
    ceiling: Decimal | None = None


class Auction(Fact, frozen=True, kw_only=True):
    """The indicative result of a call auction.

    phase: the trading phase.
    price, quantity: the price and quantity at which it would match now; None while nothing would match.
    """

    phase: Phase
    price: Decimal | None
    quantity: Decimal | None


class Candle(Message, frozen=True, kw_only=True):
    """One bar of a chart.

    start: when the bar begins, UTC.
    open, high, low, close: prices in the quote currency.
    volume: in the base asset.
    complete: false while the bar still grows, or when trades of it are known to be missing.
    """

    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    complete: bool


class OrderRequest(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The order that a client asks for.

    client_order_id: the client's own key; the same key is filled once.
    symbol: the instrument's symbol.
    side, type: buy or sell; market or limit.
    quantity: in the base asset.
    limit_price: the worst price; for limit orders alone.
    time_in_force: GTC rests, IOC and FOK do not; a market order is IOC or FOK. None stands for the type's usual one.
    post_only: true for a limit order that rests or is denied: it never pays as a taker.
    """

    client_order_id: str
    symbol: str
    side: Side
    type: OrderType
    quantity: Amount
    limit_price: Amount | None = None
    time_in_force: TimeInForce | None = None
    post_only: bool = False


class Denial(Message, frozen=True, kw_only=True):
    """The refusal of an order by one guardrail.

    code: the guardrail's stable code, in capital letters.
    message: a sentence for people.
    numbers: the values that met, by name.
    """

    code: str
    message: str
    numbers: dict[str, str]


class Fill(Message, frozen=True, kw_only=True):
    """One paper fill of an order.

    trade_id: unique within the ledger.
    price, quantity: in the quote currency, and in the base asset.
    fee: in the quote currency.
    filled_at: when it was recorded, UTC.
    """

    trade_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    filled_at: datetime


class Order(Message, frozen=True, kw_only=True):
    """An order as the ledger has it.

    order_id, client_order_id: the ledger's own key, and the client's.
    account: the account's name.
    symbol, side, type, time_in_force, quantity, limit_price, post_only: as in `OrderRequest`.
    status: how far the order has come.
    filled_quantity: in the base asset.
    average_price: of the fills, in the quote currency; None without a fill.
    fees: of the fills, in the quote currency.
    denials: the refusals of a denied order, else empty.
    fills: in the order in which they came.
    received_at, updated_at: when the first and the latest event were recorded, UTC.
    sequence: the ledger's sequence of the order's latest event.
    replaces: the order whose place this one took or was to take; None where it replaces none.
    """

    order_id: str
    client_order_id: str
    account: str
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    limit_price: Decimal | None
    status: OrderStatus
    filled_quantity: Decimal
    average_price: Decimal | None
    fees: Decimal
    denials: tuple[Denial, ...]
    fills: tuple[Fill, ...]
    received_at: datetime
    updated_at: datetime
    sequence: int
    post_only: bool = False
    replaces: str | None = None


class Position(Message, frozen=True, kw_only=True):
    """The holding of one symbol.

    symbol, base_asset, quote_currency: the instrument.
    quantity: in the base asset.
    average_cost: per unit, in the quote currency, fees not included.
    realised_pnl: the gain of what was sold, in the quote currency, fees not included.
    fees: all fees paid, in the quote currency.
    """

    symbol: str
    base_asset: str
    quote_currency: str
    quantity: Decimal
    average_cost: Decimal
    realised_pnl: Decimal
    fees: Decimal


class Account(Message, frozen=True, kw_only=True):
    """An account's cash and orders.

    account: the account's name.
    cash, reserved: all cash, and the part of it that open orders hold back, by currency.
    open_orders: how many orders are open.
    kill_switch: true when a kill switch stops all trading of the account.
    sequence: the ledger's sequence that all of this is as of.
    """

    account: str
    cash: dict[str, Decimal]
    reserved: dict[str, Decimal]
    open_orders: int
    kill_switch: bool
    sequence: int
