"""What the HTTP door is asked and what it answers, beside the orders themselves. Decimals are exact strings."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import msgspec

from common import wire
from common.errors import InvalidRequest
from executor.guardrails.controls import TradingState
from executor.guardrails.limits import LimitsChange

LONGEST_REASON = 200


def checked_reason(text: str) -> str:
    """A reason without blanks around it; raises `InvalidRequest`."""
    reason = text.strip()
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise InvalidRequest("reason", f"must be 1 to {LONGEST_REASON} printable characters")
    return reason


class CancelAllRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which open orders are to be cancelled: those of a symbol, or all."""

    symbol: str | None = None


class KillSwitchRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator asks of the kill switch of a scope: `all` accounts of the ledger, this `account`, or a symbol.
    Engaging it cancels every open order there."""

    engaged: bool
    reason: str
    scope: str = "account"


class TradingStateRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The state that an operator sets. ACTIVE ends every hold, and losses and executions are counted anew from then."""

    state: TradingState
    reason: str


class LimitsRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits that an operator sets, and why."""

    limits: LimitsChange
    reason: str


class ReversalRequest(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a fill is to be taken back."""

    reason: str


class Reversal(wire.Message, frozen=True, kw_only=True):
    """A fill that was taken back: `sequence` is the event that did it, `reversed_sequence` the fill's own."""

    market: wire.Market
    account: str
    order_id: str
    trade_id: str
    sequence: int
    reversed_sequence: int
    reason: str
    recorded_at: datetime


class Orders(wire.Message, frozen=True, kw_only=True):
    """Orders, newest first; `next` is the `before` of the next page, None on the last one."""

    market: wire.Market
    orders: tuple[wire.Order, ...]
    next: int | None


class EventNow(wire.Message, frozen=True, kw_only=True):
    """One event of the ledger, as it was recorded: `content` says what happened, `hash` seals it and all before it."""

    sequence: int
    kind: str
    order_id: str | None
    recorded_at: datetime
    content: msgspec.Raw
    hash: str


class Events(wire.Message, frozen=True, kw_only=True):
    """Events of the account, newest first; `next` is the `before` of the next page, None on the last one."""

    market: wire.Market
    account: str
    events: tuple[EventNow, ...]
    next: int | None


class Cancelled(wire.Message, frozen=True, kw_only=True):
    """The orders that were cancelled."""

    market: wire.Market
    cancelled: tuple[wire.Order, ...]


class AccountNow(wire.Account, frozen=True, kw_only=True):
    """The account, whether it may trade, and the market that it trades on."""

    market: wire.Market
    trading_state: TradingState


def account_now(market: wire.Market, account: wire.Account, state: TradingState) -> AccountNow:
    """The message of an account and its state."""
    return AccountNow(market=market, trading_state=state, **msgspec.structs.asdict(account))


class OrdersNow(wire.Message, frozen=True, kw_only=True):
    """What a stream begins with, all as of `sequence`: the open orders, newest first, at most 1000, and the account."""

    market: wire.Market
    sequence: int
    orders: tuple[wire.Order, ...]
    account: AccountNow


class Resumed(wire.Message, frozen=True, kw_only=True):
    """A stream goes on from the sequence that its client named: what changed since follows."""

    market: wire.Market
    sequence: int


class Positions(wire.Message, frozen=True, kw_only=True):
    """What is, or was, held of each symbol."""

    market: wire.Market
    account: str
    positions: tuple[wire.Position, ...]


class KillSwitch(wire.Message, frozen=True, kw_only=True):
    """Whether all trading of the account is stopped, and why; and every kill switch that is engaged, by scope."""

    market: wire.Market
    engaged: bool
    reason: str
    switches: dict[str, str]


class HoldNow(wire.Message, frozen=True, kw_only=True):
    """Why the account is held: the guardrail's code, or TRADING_STATE for the operator's own."""

    code: str
    state: TradingState
    reason: str
    since: datetime


class Measured(wire.Message, frozen=True, kw_only=True):
    """What the equity is measured from: what it was as the day began in Istanbul, and the most it was."""

    day: date
    day_start: Decimal
    peak: Decimal


class TradingStateNow(wire.Message, frozen=True, kw_only=True):
    """What the account may do, why, and what its equity is measured from; None before that was first known."""

    market: wire.Market
    state: TradingState
    holds: tuple[HoldNow, ...]
    currency: str
    anchors: Measured | None


class LimitsInForce(wire.Message, frozen=True, kw_only=True):
    """Every limit in force; money by currency, quantities by symbol, times in seconds, `max_executions` by minute."""

    quote_stale_seconds: float
    price_collar_percent: Decimal
    max_order_notional: dict[str, Decimal]
    max_position_notional: dict[str, Decimal]
    max_exposure: dict[str, Decimal]
    max_order_quantity: dict[str, Decimal]
    max_orders_per_second: int
    duplicate_seconds: float
    max_executions: int
    max_daily_loss_percent: Decimal
    max_drawdown_percent: Decimal


class LimitsNow(wire.Message, frozen=True, kw_only=True):
    """The limits in force, and the names of those that an operator has set since the start."""

    market: wire.Market
    limits: LimitsInForce
    set_by_operator: tuple[str, ...]
