"""What the ledger records, one message per kind of event, and how each row is chained to the one before it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from common import wire
from common.wire import Denial, Fill, OrderRequest
from executor.account import Terms
from executor.guardrails.controls import ACCOUNT
from executor.guardrails.limits import Overrides

GENESIS = "0" * 64
"""What the first event of an account carries in place of a previous hash."""


class Payload(wire.Message, frozen=True, kw_only=True, tag_field="kind"):
    """Base of what an event says."""


class Opened(Payload, frozen=True, kw_only=True, tag="opened"):
    """The account began, with this cash. Its currencies are the ones that are cash for ever."""

    cash: dict[str, Decimal]


class Received(Payload, frozen=True, kw_only=True, tag="received"):
    """An order came in; `replaces` is the order whose place it is to take."""

    request: OrderRequest
    replaces: str | None = None


class Denied(Payload, frozen=True, kw_only=True, tag="denied"):
    """Guardrails refused the order."""

    denials: tuple[Denial, ...]


class Accepted(Payload, frozen=True, kw_only=True, tag="accepted"):
    """The order may trade, on these terms."""

    terms: Terms


class Filled(Payload, frozen=True, kw_only=True, tag="filled"):
    """A part of the order was traded; `liquidity` says whether it rested in the book before."""

    fill: Fill
    liquidity: Literal["taker", "maker"]


class Ended(Payload, frozen=True, kw_only=True, tag="ended"):
    """What was still open of the order will not be traded."""

    status: Literal["cancelled", "expired"]
    reason: str


class Switched(Payload, frozen=True, kw_only=True, tag="switched"):
    """The kill switch of a scope was engaged or released: of `all` accounts, of this `account`, or of a symbol."""

    engaged: bool
    reason: str
    scope: str = ACCOUNT


class Held(Payload, frozen=True, kw_only=True, tag="held"):
    """A guardrail, or the operator, made the account reduce only, or halt."""

    code: str
    state: Literal["REDUCING", "HALTED"]
    reason: str


class Released(Payload, frozen=True, kw_only=True, tag="released"):
    """A hold ended."""

    code: str
    reason: str


class LimitsSet(Payload, frozen=True, kw_only=True, tag="limits_set"):
    """An operator set limits; these are all that are set now in place of those of the start."""

    limits: Overrides
    reason: str


class Line(wire.Message, frozen=True, kw_only=True):
    """One posting of a reversal."""

    name: str
    symbol: str
    unit: str
    amount: Decimal


class Reversed(Payload, frozen=True, kw_only=True, tag="reversed"):
    """The fill of an earlier event was taken back, by postings that are the opposite of its own."""

    sequence: int
    trade_id: str
    reason: str
    lines: tuple[Line, ...]


Any = Opened | Received | Denied | Accepted | Filled | Ended | Switched | Held | Released | LimitsSet | Reversed
_READER = msgspec.json.Decoder(Any)
_sealing = json.JSONEncoder(ensure_ascii=False)


@dataclass(frozen=True)
class Event:
    """One row of the log: `sequence` counts from 1 without gaps within its account."""

    account: str
    sequence: int
    kind: str
    order_id: str | None
    recorded_at: datetime
    payload: str
    previous_hash: str
    hash: str

    @property
    def content(self) -> Any:
        """The payload as its message; raises `msgspec.MsgspecError` when it can't be read."""
        content: Any = _READER.decode(self.payload)
        return content

    def expected_hash(self) -> str:
        """The hash that this row's content and its `previous_hash` lead to."""
        at = self.recorded_at.astimezone(UTC).isoformat(timespec="microseconds")
        sealed = [self.previous_hash, self.account, self.sequence, self.kind, self.order_id, at, self.payload]
        return hashlib.sha256(_sealing.encode(sealed).encode()).hexdigest()


def make(
    account: str, sequence: int, order_id: str | None, recorded_at: datetime, content: Any, previous_hash: str
) -> Event:
    """The next event of an account, chained to the one before it."""
    payload = msgspec.json.encode(content, order="deterministic").decode()
    kind = str(content.__struct_config__.tag)
    open_row = Event(account, sequence, kind, order_id, recorded_at, payload, previous_hash, "")
    return Event(**{**vars(open_row), "hash": open_row.expected_hash()})


def reversal_in(event: Event) -> Reversed:
    """What an event says that reverses another; raises `msgspec.MsgspecError` for any other event."""
    return msgspec.json.decode(event.payload, type=Reversed)
