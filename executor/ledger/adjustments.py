"""The events by which an operator adjusts an account: deposits, withdrawals, write-offs, and fills taken back."""

from __future__ import annotations

from decimal import Decimal

from common import wire
from executor.ledger.payload import Payload
from executor.rates import CurrencyRate


class CashMoved(Payload, frozen=True, kw_only=True):
    """Money was put into the account, or taken out.

    client_key: the operator's own key; the same key moves money once.
    currency: a currency of the account's cash.
    amount: above 0.
    reason: the operator's reason.
    rate: what one unit was worth in the currency of the equity; None when that was not known.
    """

    client_key: str
    currency: str
    amount: Decimal
    reason: str
    rate: CurrencyRate | None = None


class CashDeposited(CashMoved, frozen=True, kw_only=True, tag="deposited"):
    """Money was put into the account."""


class CashWithdrawn(CashMoved, frozen=True, kw_only=True, tag="withdrawn"):
    """Money was taken out of the account."""


class PositionWrittenOff(Payload, frozen=True, kw_only=True, tag="written_off"):
    """A part of a position was given up without a sale. Its cost is a realised loss.

    client_key: the operator's own key; the same key writes off once.
    symbol, base_asset, quote_currency: of the position.
    quantity: in the base asset; above 0.
    reason: the operator's reason.
    """

    client_key: str
    symbol: str
    base_asset: str
    quote_currency: str
    quantity: Decimal
    reason: str


class PostingLine(wire.Message, frozen=True, kw_only=True):
    """One posting of a reversal.

    name, symbol, unit: the entry that it moves into.
    amount: in the unit; negative when it moves out.
    """

    name: str
    symbol: str
    unit: str
    amount: Decimal


class FillReversed(Payload, frozen=True, kw_only=True, tag="reversed"):
    """The fill of an earlier event was taken back.

    sequence: the sequence of the fill's event.
    trade_id: the fill's id.
    reason: the operator's reason.
    lines: the opposite of the fill's postings.
    """

    sequence: int
    trade_id: str
    reason: str
    lines: tuple[PostingLine, ...]
