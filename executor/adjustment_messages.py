"""Messages about deposits, withdrawals and write-offs, which the executor alone reads and writes. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

import msgspec

from common import wire
from common.amount import Amount
from common.errors import InvalidRequest
from executor.messages import checked_reason
from executor.orders import CLIENT_ORDER_ID_FORM, checked_amount, symbol_form
from executor.rates import CurrencyRate

_KEY = re.compile(CLIENT_ORDER_ID_FORM)


class TransferRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to deposit or to withdraw money.

    client_key: the operator's own key; the same key moves money once.
    currency: a currency of the account's cash.
    amount: above 0, in that currency.
    reason: a sentence for people.
    """

    client_key: str
    currency: str
    amount: Amount
    reason: str


class WriteOffRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to give up a position that can't be sold.

    client_key: the operator's own key; the same key writes off once.
    symbol: the position's symbol.
    quantity: in the base asset; None for all that is held.
    reason: a sentence for people.
    """

    client_key: str
    symbol: str
    reason: str
    quantity: Amount | None = None


class CashTransfer(wire.Message, frozen=True, kw_only=True):
    """A deposit or a withdrawal that was recorded.

    market: the market that the account trades on.
    account: the account's name.
    direction: `deposit` or `withdrawal`.
    client_key, currency, amount, reason: as they were asked for.
    rate: what one unit was worth in the currency of the equity; None when that was not known.
    sequence: the sequence of its event.
    recorded_at: UTC.
    """

    market: wire.Market
    account: str
    direction: str
    client_key: str
    currency: str
    amount: Decimal
    reason: str
    rate: CurrencyRate | None
    sequence: int
    recorded_at: datetime


class WriteOff(wire.Message, frozen=True, kw_only=True):
    """A position, or a part of one, that was written off.

    market: the market that the account trades on.
    account: the account's name.
    client_key, symbol, reason: as they were asked for.
    base_asset, quote_currency: of the symbol.
    quantity: the quantity that was given up, in the base asset.
    loss: its cost, which became a realised loss, in the quote currency.
    sequence: the sequence of its event.
    recorded_at: UTC.
    """

    market: wire.Market
    account: str
    client_key: str
    symbol: str
    base_asset: str
    quote_currency: str
    quantity: Decimal
    loss: Decimal
    reason: str
    sequence: int
    recorded_at: datetime


def checked_transfer(asked: TransferRequest) -> TransferRequest:
    """Returns the request with tidy numbers. Raises `InvalidRequest` for the first bad field."""
    _check_key(asked.client_key)
    amount = checked_amount("amount", asked.amount)
    return msgspec.structs.replace(asked, amount=amount, reason=checked_reason(asked.reason))


def checked_write_off(asked: WriteOffRequest) -> WriteOffRequest:
    """Returns the request with tidy numbers. Raises `InvalidRequest` for the first bad field."""
    _check_key(asked.client_key)
    if not symbol_form(asked.symbol):
        raise InvalidRequest("symbol", "must be VENUE:PAIR in capital letters, as in BTCTURK:BTCTRY")
    quantity = None if asked.quantity is None else checked_amount("quantity", asked.quantity)
    return msgspec.structs.replace(asked, quantity=quantity, reason=checked_reason(asked.reason))


def _check_key(client_key: str) -> None:
    if not _KEY.fullmatch(client_key):
        raise InvalidRequest("client_key", "must be 1 to 64 of the characters A-Z a-z 0-9 . _ -")
