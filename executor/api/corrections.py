"""The door for corrections: nothing is changed or deleted, what was wrong is taken back by the opposite."""

from __future__ import annotations

import logging
import re

from flask import Blueprint, Response, request

from common import ops, wire
from executor.errors import UnknownTrade
from executor.inflow import Gate
from executor.ledger.events import reversal_in
from executor.messages import Reversal, ReversalRequest, checked_reason
from executor.openapi import ORDER_ID_FORM
from executor.submit import Desk

log = logging.getLogger(__name__)

_TRADE_ID = re.compile(ORDER_ID_FORM)


def add(routes: Blueprint, desk: Desk, gate: Gate, market: wire.Market) -> None:
    """The call that takes a fill back."""

    @routes.post("/fills/<trade_id>/reverse")
    def post_reverse(trade_id: str) -> Response:
        gate.admit()
        reason = checked_reason(wire.decode(ReversalRequest, request.get_data()).reason)
        if not _TRADE_ID.fullmatch(trade_id):
            raise UnknownTrade(trade_id)
        event = desk.ledger.do(lambda transaction: transaction.control.reverse(trade_id, reason))
        log.warning("fill reversed", extra={"trade_id": trade_id, "reason": reason, "sequence": event.sequence})
        reversal = Reversal(
            market=market,
            account=event.account,
            order_id=str(event.order_id),
            trade_id=trade_id,
            sequence=event.sequence,
            reversed_sequence=reversal_in(event).sequence,
            reason=reason,
            recorded_at=event.recorded_at,
        )
        return ops.answer(reversal, 201)
