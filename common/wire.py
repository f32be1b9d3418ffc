"""The messages that services exchange: frozen, exact, strict. Money and quantities are decimal strings, times UTC."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar, get_args, get_type_hints

import msgspec

from common.errors import InvalidRequest

Market = Literal["simulated", "live"]
Side = Literal["buy", "sell"]
OrderType = Literal["market", "limit"]
TimeInForce = Literal["GTC", "IOC", "FOK"]
Phase = Literal["continuous", "opening_auction", "closing_auction", "trades_at_close", "halted", "closed"]
OrderStatus = Literal["received", "denied", "accepted", "partially_filled", "filled", "cancelled", "expired"]

T = TypeVar("T")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every wire message. Readers ignore fields they don't know, so that a service can be updated alone."""


class Instrument(Message, frozen=True, kw_only=True):
    """What can be traded: `symbol` is `VENUE:PAIR`; sizes are in the base asset, prices in the quote currency."""

    symbol: str
    base_asset: str
    quote_currency: str
    tick_size: Decimal
    lot_size: Decimal
    min_notional: Decimal


class Fact(Message, frozen=True, kw_only=True):
    """What every piece of market data says of itself. `delayed` data is minutes old by contract; `venue_time` is the
    venue's own stamp where it gives one, `received_at` when it arrived here; `sequence` rises with every change."""

    symbol: str
    market: Market
    source: str
    delayed: bool
    sequence: int
    received_at: datetime
    venue_time: datetime | None = None


class Quote(Fact, frozen=True, kw_only=True):
    """Best bid and ask. A side that has no quote is None. `age_seconds` is how long ago the feed last proved it."""

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
    """One price level of a book, as `[price, quantity]`."""

    price: Decimal
    quantity: Decimal


class Book(Fact, frozen=True, kw_only=True):
    """Visible depth: bids descending, asks ascending. `stale` books are shown but must not be traded on; `floor` and
    `ceiling` are the day's limits, where the venue has them."""

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
    """One trade of the venue. `trade_id` is unique within its symbol; `side` is the aggressor's."""

    trade_id: str
    price: Decimal
    quantity: Decimal
    side: Side


class Status(Fact, frozen=True, kw_only=True):
    """What may be done with a symbol now: its trading phase, and the day's reference price and limits where the venue
    has them."""

    phase: Phase
    reference_price: Decimal | None = None
    floor: Decimal | None = None
    ceiling: Decimal | None = None


class Auction(Fact, frozen=True, kw_only=True):
    """The price at which a call auction would match now, and how much; None while nothing would match."""

    phase: Phase
    price: Decimal | None
    quantity: Decimal | None


class Candle(Message, frozen=True, kw_only=True):
    """One bar that begins at `start`. `volume` is in the base asset; `complete` is false while the bar still grows or
    when trades of it are known to be missing."""

    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    complete: bool


class OrderRequest(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client asks for. `limit_price` belongs to limit orders alone; a market order is IOC or FOK. A `post_only`
    order is a limit order that rests or is denied: it never pays as a taker."""

    client_order_id: str
    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    limit_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    post_only: bool = False


class Denial(Message, frozen=True, kw_only=True):
    """Why a guardrail refused: a stable upper-case code, a sentence, and the numbers that met."""

    code: str
    message: str
    numbers: dict[str, str]


class Fill(Message, frozen=True, kw_only=True):
    """One paper fill. `fee` is in the quote currency."""

    trade_id: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    filled_at: datetime


class Order(Message, frozen=True, kw_only=True):
    """An order as the ledger has it. `sequence` is the ledger's sequence of its latest event, `replaces` the order
    whose place it took or was to take."""

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
    """What the account holds of one symbol. `average_cost` is per unit, fees not included."""

    symbol: str
    base_asset: str
    quote_currency: str
    quantity: Decimal
    average_cost: Decimal
    realised_pnl: Decimal
    fees: Decimal


class Account(Message, frozen=True, kw_only=True):
    """Cash per currency, and how much of it open orders have reserved."""

    account: str
    cash: dict[str, Decimal]
    reserved: dict[str, Decimal]
    open_orders: int
    kill_switch: bool
    sequence: int


_FIELD = re.compile(r"`\$\.?(?P<path>[^`]*)`$")
_NOT_FINITE = re.compile(rb"""(?i)\\|"[^"a-z0-9]*(s_*)?(n_*a_*n|i_*n_*f)""")
"""What a body has somewhere if one of its decimals, texts that may have blanks and _ in them, is not finite."""
_NAMED = re.compile(r"(?:field|required field|unknown field) `(?P<name>[^`]*)`")


def encode(value: Any) -> bytes:
    """JSON of a message, or of containers of messages: decimals as strings, times as RFC 3339 in UTC."""
    return msgspec.json.encode(value)


def decode(kind: type[T], body: bytes | str) -> T:
    """Reads a message strictly; raises `InvalidRequest` that names the field, also for a number that is not finite."""
    try:
        message = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        field = _field_of(str(error))
        raise InvalidRequest(field, _reason_of(str(error), kind, field)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest("body", f"must be JSON ({error})") from error
    if _NOT_FINITE.search(body if isinstance(body, bytes) else body.encode()):
        _require_finite(message)
    return message


def _field_of(text: str) -> str:
    path = _FIELD.search(text)
    named = _NAMED.search(text)
    inner = path["path"] if path else ""
    if named:
        return f"{inner}.{named['name']}".lstrip(".")
    return inner or "body"


def _reason_of(text: str, kind: Any, field: str) -> str:
    reason = text.split(" - at `")[0][:200]
    choices = [
        word
        for word in get_args(getattr(kind, "__annotations__", {}) and get_type_hints(kind).get(field))
        for word in (get_args(word) or (word,))
        if isinstance(word, str)
    ]
    return f"{reason}, must be one of {', '.join(choices)}" if choices and "enum" in reason else reason


def _require_finite(value: Any, path: str = "") -> None:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise InvalidRequest(path or "body", "must be a finite number")
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            _require_finite(getattr(value, name), f"{path}.{name}".lstrip("."))
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            _require_finite(part, f"{path}[{index}]")
    elif isinstance(value, dict):
        for name, part in value.items():
            _require_finite(part, f"{path}.{name}".lstrip("."))
