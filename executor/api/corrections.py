"""The door for corrections: nothing is changed or deleted, a wrong fill is taken back by opposite postings."""

from __future__ import annotations

import re

from flask import Blueprint, Response

from common import wire
from executor.api.answering import answered
from executor.command_messages import ReverseFill
from executor.errors import UnknownTrade
from executor.messages import ReversalRequest, checked_reason
from executor.openapi import ORDER_ID_FORM
from executor.parts import Parts

_TRADE_ID = re.compile(ORDER_ID_FORM)


def add(routes: Blueprint, parts: Parts) -> None:
    """Adds the call that takes a fill back."""

    @routes.post("/fills/<trade_id>/reverse")
    def post_reverse(trade_id: str) -> Response:
        reason = checked_reason(wire.decode(ReversalRequest, parts.writes.admit()).reason)
        if not _TRADE_ID.fullmatch(trade_id):
            raise UnknownTrade(trade_id)
        return answered(parts.desk.do(ReverseFill(trade_id=trade_id, reason=reason)))
