"""The door for corrections: nothing is changed or deleted, a wrong fill is taken back by opposite postings."""

from __future__ import annotations

import logging
import re

from flask import Blueprint, Response, request

from common import ops, wire
from executor.errors import UnknownTrade
from executor.ledger import admin
from executor.ledger.events import reversal_in
from executor.messages import Reversal, ReversalRequest, checked_reason
from executor.openapi import ORDER_ID_FORM
from executor.parts import Parts

log = logging.getLogger(__name__)

_TRADE_ID = re.compile(ORDER_ID_FORM)


def add(routes: Blueprint, parts: Parts) -> None:
    """Adds the call that takes a fill back."""
    trading = parts.trading

    @routes.post("/fills/<trade_id>/reverse")
    def post_reverse(trade_id: str) -> Response:
        parts.writes.admit()
        reason = checked_reason(wire.decode(ReversalRequest, request.get_data()).reason)
        if not _TRADE_ID.fullmatch(trade_id):
            raise UnknownTrade(trade_id)
        event = trading.ledger.do(lambda transaction: admin.reverse(transaction, trade_id, reason))
        log.warning("fill reversed", extra={"trade_id": trade_id, "reason": reason, "sequence": event.sequence})
        reversal = Reversal(
            market=trading.market,
            account=event.account,
            order_id=str(event.order_id),
            trade_id=trade_id,
            sequence=event.sequence,
            reversed_sequence=reversal_in(event).sequence,
            reason=reason,
            recorded_at=event.recorded_at,
        )
        return ops.answer(reversal, 201)
