"""Messages of previews, which the executor alone reads and writes. Pure."""

from __future__ import annotations

from decimal import Decimal

from common import wire
from common.amount import Amount


class PreviewRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The order that a client thinks of.

    symbol: the instrument's symbol.
    side, type: buy or sell; market or limit.
    quantity: in the base asset.
    limit_price: the worst price; for limit orders alone.
    time_in_force: GTC rests, IOC and FOK do not; a market order is IOC or FOK. None stands for the type's usual one.
    post_only: true for a limit order that rests or is denied: it never pays as a taker.
    client_order_id: the key under which the order would be placed; None for a key that is not known yet.
    """

    symbol: str
    side: wire.Side
    type: wire.OrderType
    quantity: Amount
    limit_price: Amount | None = None
    time_in_force: wire.TimeInForce | None = None
    post_only: bool = False
    client_order_id: str | None = None


class Slippage(wire.Message, frozen=True, kw_only=True):
    """The distance of the average price from another price; above 0 when it is worse for the order.

    percent: in percent of that price.
    bps: the same in basis points.
    """

    percent: Decimal
    bps: Decimal


class GuardrailUse(wire.Message, frozen=True, kw_only=True):
    """The use of one limit, with this order.

    code: the guardrail's code.
    value: the measured amount.
    limit: the limit on it.
    room: what is left of the limit; below 0 when the order is beyond it.
    share: the used part of the limit; 1 is all of it.
    """

    code: str
    value: Decimal
    limit: Decimal
    room: Decimal
    share: Decimal


class Preview(wire.Message, frozen=True, kw_only=True):
    """The answer to an order, if it were placed now. Nothing is recorded, reserved or counted.

    market: the market that the account trades on.
    account: the account's name.
    sequence: the sequence of the account's latest event that it is as of.
    symbol, side, type, time_in_force, quantity, limit_price, post_only: of the order.
    quote_currency: the currency of prices and of money; None without a book.
    status: the status that the order would be answered with.
    denials: the guardrails that would deny it.
    repeats: the order that has the key already, and that would be answered in place of a new one; None without one.
    filled_quantity: the quantity that would be filled at once.
    resting_quantity: the quantity that would rest.
    expiring_quantity: the quantity that would expire.
    notional: the value at which the guardrails count the order; None without a price.
    value: the notional of what the book would give at once, if no guardrail denied the order.
    fee: the fee of that.
    average_price: the average price of that; None when the book would give nothing.
    slippage_from_best, slippage_from_mid: of that, from the best price of the other side, and from the middle of the
        book; None when the book would give nothing or has no such price.
    cash_after, reserved_after: all cash, and the part of it that open orders would hold back, by currency.
    position_after: the quantity of the symbol that would be held; None where its base asset is cash, or
        where neither a book nor the instrument is known.
    reserve, reserve_unit: the amount that the resting part would hold back, and its unit; None when nothing would rest.
    guardrails: the use of each limit that applies.
    largest_quantity: the largest quantity that no guardrail would deny, and that the book has where the order is filled
        or killed; 0 when there is none.
    quote_age_seconds: the age of the book that it would meet; None without a book.
    book_sequence: the book's sequence; None without a book.
    """

    market: wire.Market
    account: str
    sequence: int
    symbol: str
    side: wire.Side
    type: wire.OrderType
    time_in_force: wire.TimeInForce
    quantity: Decimal
    limit_price: Decimal | None
    post_only: bool
    quote_currency: str | None
    status: wire.OrderStatus
    denials: tuple[wire.Denial, ...]
    repeats: str | None
    filled_quantity: Decimal
    resting_quantity: Decimal
    expiring_quantity: Decimal
    notional: Decimal | None
    value: Decimal
    fee: Decimal
    average_price: Decimal | None
    slippage_from_best: Slippage | None
    slippage_from_mid: Slippage | None
    cash_after: dict[str, Decimal]
    reserved_after: dict[str, Decimal]
    position_after: Decimal | None
    reserve: Decimal | None
    reserve_unit: str | None
    guardrails: tuple[GuardrailUse, ...]
    largest_quantity: Decimal
    quote_age_seconds: float | None
    book_sequence: int | None
