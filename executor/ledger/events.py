"""The events that the ledger records, a message for each kind, and the hash that chains each to the one before it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring as _text
from typing import Literal

import msgspec

from common import wire
from common.wire import Denial, Fill, OrderRequest
from executor.account import Terms
from executor.guardrails.controls import ACCOUNT
from executor.guardrails.limits import Overrides
from executor.ledger.adjustments import CashDeposited as CashDeposited
from executor.ledger.adjustments import CashWithdrawn as CashWithdrawn
from executor.ledger.adjustments import FillReversed as FillReversed
from executor.ledger.adjustments import PositionWrittenOff as PositionWrittenOff
from executor.ledger.adjustments import PostingLine as PostingLine
from executor.ledger.payload import Payload
from executor.rates import CurrencyRate

GENESIS = "0" * 64
"""The previous hash of an account's first event."""


class AccountOpened(Payload, frozen=True, kw_only=True, tag="opened"):
    """The account was opened.

    cash: the starting cash by currency. These currencies are cash for ever.
    """

    cash: dict[str, Decimal]


class OrderReceived(Payload, frozen=True, kw_only=True, tag="received"):
    """An order was received.

    request: the checked request.
    replaces: the id of the order whose place it is to take; None for an order of its own.
    """

    request: OrderRequest
    replaces: str | None = None


class OrderDenied(Payload, frozen=True, kw_only=True, tag="denied"):
    """Guardrails denied the order.

    denials: one for each guardrail that denied it.
    """

    denials: tuple[Denial, ...]


class OrderAccepted(Payload, frozen=True, kw_only=True, tag="accepted"):
    """The order may trade.

    terms: the terms that it was accepted on.
    arrival: the book that it met; None in events of earlier versions.
    """

    terms: Terms
    arrival: MarketAtArrival | None = None


class MarketAtArrival(wire.Message, frozen=True, kw_only=True):
    """The book as the executor saw it when it accepted an order.

    bid, bid_quantity: the best bid and the quantity there; None while that side is empty.
    ask, ask_quantity: the best ask and the quantity there; None while that side is empty.
    sequence: the book's sequence.
    received_at: when the book arrived at market data, UTC.
    age_seconds: how long before the acceptance the feed last proved the book, or less.
    source: `stream` for the copy that follows market data's stream, `http` for a book that was asked for.
    """

    bid: Decimal | None
    bid_quantity: Decimal | None
    ask: Decimal | None
    ask_quantity: Decimal | None
    sequence: int
    received_at: datetime
    age_seconds: float
    source: Literal["stream", "http"]


class LevelTaken(wire.Message, frozen=True, kw_only=True):
    """The level of a book that a fill took from.

    price, shown: the level as the book showed it: its price, and its whole quantity.
    sequence, seen_at: the book's sequence, and when it was received, UTC.
    """

    price: Decimal
    shown: Decimal
    sequence: int
    seen_at: datetime


class OrderFilled(Payload, frozen=True, kw_only=True, tag="filled"):
    """A part of the order was filled.

    fill: the fill.
    liquidity: maker when the order rested before, else taker.
    level: the level that it took from; None in events of earlier versions.
    rate: what one unit of the quote currency was worth in the currency of the equity; None when that was not known.
    """

    fill: Fill
    liquidity: Literal["taker", "maker"]
    level: LevelTaken | None = None
    rate: CurrencyRate | None = None


class OrderEnded(Payload, frozen=True, kw_only=True, tag="ended"):
    """The open rest of the order will not be traded.

    status: the order's last status.
    reason: a sentence for people.
    """

    status: Literal["cancelled", "expired"]
    reason: str


class KillSwitchSet(Payload, frozen=True, kw_only=True, tag="switched"):
    """A kill switch was engaged or released.

    engaged: true when it was engaged.
    reason: the operator's reason.
    scope: `all` accounts, this `account`, or a symbol.
    """

    engaged: bool
    reason: str
    scope: str = ACCOUNT


class HoldPlaced(Payload, frozen=True, kw_only=True, tag="held"):
    """A hold was placed on the account.

    code: the guardrail's code, or TRADING_STATE for the operator's own hold.
    state: the trading state that the hold asks for.
    reason: a sentence for people.
    """

    code: str
    state: Literal["REDUCING", "HALTED"]
    reason: str


class HoldReleased(Payload, frozen=True, kw_only=True, tag="released"):
    """A hold ended.

    code: the hold's code.
    reason: a sentence for people.
    """

    code: str
    reason: str


class LimitsSet(Payload, frozen=True, kw_only=True, tag="limits_set"):
    """An operator set limits.

    limits: all limits that are set from now on in place of those of the settings.
    reason: the operator's reason.
    """

    limits: Overrides
    reason: str


OrderContent = OrderReceived | OrderDenied | OrderAccepted | OrderFilled | OrderEnded
AdjustmentContent = CashDeposited | CashWithdrawn | PositionWrittenOff
ControlContent = KillSwitchSet | HoldPlaced | HoldReleased | LimitsSet
Content = AccountOpened | OrderContent | ControlContent | FillReversed | AdjustmentContent
ADJUSTMENT_KINDS = ("deposited", "withdrawn", "written_off")
"""The kinds that carry a key of the operator, which the tables let happen once."""
RARE_KINDS = ("opened", "switched", "held", "released", "limits_set", "reversed", *ADJUSTMENT_KINDS)
"""The kinds that are found by an index of their own."""
_READER = msgspec.json.Decoder(Content)


class LedgerEvent(msgspec.Struct, frozen=True):
    """One row of the log.

    account: the account's name.
    sequence: counts from 1 without gaps within the account.
    kind: the kind of the content.
    order_id: the order that it is about; None for an event of the account.
    recorded_at: UTC.
    payload: the content as JSON.
    previous_hash: the hash of the event before it.
    hash: seals this row and, by `previous_hash`, all before it; 64 hexadecimal digits.
    """

    account: str
    sequence: int
    kind: str
    order_id: str | None
    recorded_at: datetime
    payload: str
    previous_hash: str
    hash: str

    @property
    def content(self) -> Content:
        """Returns the payload as its message. Raises `msgspec.MsgspecError` when it can't be read."""
        content: Content = _READER.decode(self.payload)
        return content

    def expected_hash(self) -> str:
        """Returns the hash that belongs to this row's content and its `previous_hash`."""
        return _seal(
            self.previous_hash, self.account, self.sequence, self.kind, self.order_id, self.recorded_at, self.payload
        )


def _seal(
    previous_hash: str, account: str, sequence: int, kind: str, order_id: str | None, at: datetime, payload: str
) -> str:
    """Returns the SHA-256 of a JSON array of the parts, with `, ` between them and only the needed escapes."""
    about = "null" if order_id is None else _text(order_id)
    before = f"{_text(previous_hash)}, {_text(account)}, {sequence}"
    sealed = f"[{before}, {_text(kind)}, {about}, {_text(_time_text(at))}, {_text(payload)}]"
    return hashlib.sha256(sealed.encode()).hexdigest()


@lru_cache(maxsize=8)
def _time_text(at: datetime) -> str:
    """Returns a time as it is sealed. All events of one work have the same time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def make_event(
    account: str, sequence: int, order_id: str | None, recorded_at: datetime, content: Content, previous_hash: str
) -> LedgerEvent:
    """Returns the next event of an account, chained to the one before it."""
    payload = wire.encode(content, order="deterministic").decode()
    kind = str(content.__struct_config__.tag)
    sealed = _seal(previous_hash, account, sequence, kind, order_id, recorded_at, payload)
    return LedgerEvent(account, sequence, kind, order_id, recorded_at, payload, previous_hash, sealed)


def reversal_in(event: LedgerEvent) -> FillReversed:
    """Returns the content of a reversal's event. Raises `msgspec.MsgspecError` for any other event."""
    return msgspec.json.decode(event.payload, type=FillReversed)
