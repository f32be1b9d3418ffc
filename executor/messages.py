"""Messages that the executor alone reads or writes: requests, and answers that no other service reads. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from common import wire
from common.answers import AccountStatus, TradingState
from common.errors import InvalidRequest
from executor.guardrails.limits import Limits, LimitsChange

LONGEST_REASON = 200


def checked_reason(text: str) -> str:
    """Returns a reason without blanks around it. Raises `InvalidRequest`."""
    reason = text.strip()
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise InvalidRequest("reason", f"must be 1 to {LONGEST_REASON} printable characters")
    return reason


def account_status(market: wire.Market, account: wire.Account, state: TradingState) -> AccountStatus:
    """Returns the message of an account and its trading state."""
    return AccountStatus(market=market, trading_state=state, **msgspec.structs.asdict(account))


class CancelAllRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to cancel open orders.

    symbol: the symbol whose orders end; None for all.
    """

    symbol: str | None = None


class KillSwitchRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to engage or release a kill switch. Engaging it cancels every open order in its scope.

    engaged: true to engage it.
    reason: a sentence for people.
    scope: `all` accounts of the ledger, this `account`, or a symbol.
    """

    engaged: bool
    reason: str
    scope: str = "account"


class TradingStateRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to set the trading state.

    state: ACTIVE ends every hold, and losses and executions are counted anew from then. Any other state is a hold.
    reason: a sentence for people.
    """

    state: TradingState
    reason: str


class LimitsRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to set limits.

    limits: the limits that change.
    reason: a sentence for people.
    """

    limits: LimitsChange
    reason: str


class ReversalRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to take a fill back.

    reason: a sentence for people.
    """

    reason: str


class Reversal(wire.Message, frozen=True, kw_only=True):
    """A fill that was taken back.

    market: the market that the account trades on.
    account: the account's name.
    order_id, trade_id: the order and its fill.
    sequence: the sequence of the event that took it back.
    reversed_sequence: the sequence of the fill's own event.
    reason: the operator's reason.
    recorded_at: UTC.
    """

    market: wire.Market
    account: str
    order_id: str
    trade_id: str
    sequence: int
    reversed_sequence: int
    reason: str
    recorded_at: datetime


class RecordedEvent(wire.Message, frozen=True, kw_only=True):
    """One event of the ledger, as it was recorded.

    sequence: counts from 1 without gaps within the account.
    kind: the kind of the content.
    order_id: the order that it is about; None for an event of the account.
    recorded_at: UTC.
    content: the event's content.
    hash: seals this event and all before it.
    """

    sequence: int
    kind: str
    order_id: str | None
    recorded_at: datetime
    content: msgspec.Raw
    hash: str


class Events(wire.Message, frozen=True, kw_only=True):
    """A page of the account's events.

    market: the market that the account trades on.
    account: the account's name.
    events: newest first.
    next: the `before` of the next page; None on the last page.
    """

    market: wire.Market
    account: str
    events: tuple[RecordedEvent, ...]
    next: int | None


class CancelledOrders(wire.Message, frozen=True, kw_only=True):
    """The orders that a request cancelled.

    market: the market that they traded on.
    cancelled: the orders as they are now.
    """

    market: wire.Market
    cancelled: tuple[wire.Order, ...]


class LimitsStatus(wire.Message, frozen=True, kw_only=True):
    """The limits of the account.

    market: the market that the account trades on.
    limits: the limits in force.
    set_by_operator: the names of those that an operator has set.
    """

    market: wire.Market
    limits: Limits
    set_by_operator: tuple[str, ...]
