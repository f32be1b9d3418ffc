"""The commands to an account: a message for each, so that either executor can take it and forward it."""

from __future__ import annotations

import msgspec

from common import wire
from executor.adjustment_messages import TransferRequest, WriteOffRequest
from executor.adjustments import Direction
from executor.messages import CancelAllRequest, KillSwitchRequest, LimitsRequest, TradingStateRequest
from executor.orders import ReplaceRequest
from executor.preview_messages import PreviewRequest


class Command(wire.Message, frozen=True, kw_only=True, tag_field="command"):
    """Base of all commands."""


class PlaceOrder(Command, frozen=True, kw_only=True, tag="place"):
    """Places an order.

    request: as the client asked.
    """

    request: wire.OrderRequest


class PlaceOrders(Command, frozen=True, kw_only=True, tag="place_all"):
    """Places several orders in one batch.

    requests: the JSON of each, as the client sent it.
    """

    requests: tuple[msgspec.Raw, ...]


class PreviewOrder(Command, frozen=True, kw_only=True, tag="preview"):
    """Previews an order; nothing is recorded.

    request: as the client asked.
    """

    request: PreviewRequest


class ReplaceOrder(Command, frozen=True, kw_only=True, tag="replace"):
    """Puts an order in the place of an open one.

    order_id: the open order.
    request: as the client asked.
    """

    order_id: str
    request: ReplaceRequest


class CancelOrder(Command, frozen=True, kw_only=True, tag="cancel"):
    """Cancels what is open of an order.

    order_id: the order.
    """

    order_id: str


class CancelAll(Command, frozen=True, kw_only=True, tag="cancel_all"):
    """Cancels open orders.

    request: as the operator asked.
    """

    request: CancelAllRequest


class ReverseFill(Command, frozen=True, kw_only=True, tag="reverse"):
    """Takes a fill back.

    trade_id: the fill.
    reason: the operator's reason, checked.
    """

    trade_id: str
    reason: str


class MoveCash(Command, frozen=True, kw_only=True, tag="move_cash"):
    """Deposits or withdraws money.

    direction: deposit or withdrawal.
    request: as the operator asked, checked.
    """

    direction: Direction
    request: TransferRequest


class WriteOffPosition(Command, frozen=True, kw_only=True, tag="write_off"):
    """Gives a position up.

    request: as the operator asked, checked.
    """

    request: WriteOffRequest


class SetKillSwitch(Command, frozen=True, kw_only=True, tag="set_kill_switch"):
    """Engages or releases a kill switch.

    request: as the operator asked.
    """

    request: KillSwitchRequest


class SetTradingState(Command, frozen=True, kw_only=True, tag="set_trading_state"):
    """Sets the trading state.

    request: as the operator asked.
    """

    request: TradingStateRequest


class SetLimits(Command, frozen=True, kw_only=True, tag="set_limits"):
    """Sets limits.

    request: as the operator asked.
    """

    request: LimitsRequest


class Read(Command, frozen=True, kw_only=True, tag="read"):
    """Reads a part of the account.

    part: one of `READINGS`.
    """

    part: str


AnyCommand = (
    PlaceOrder
    | PlaceOrders
    | PreviewOrder
    | ReplaceOrder
    | CancelOrder
    | CancelAll
    | ReverseFill
    | MoveCash
    | WriteOffPosition
    | SetKillSwitch
    | SetTradingState
    | SetLimits
    | Read
)
REPEATABLE = (PlaceOrder, PlaceOrders, PreviewOrder, ReplaceOrder, MoveCash, WriteOffPosition, Read)
"""Commands that can be given again when it is not known whether they were done: a key is filled once."""
