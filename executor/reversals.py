"""Takes a wrong fill back: nothing is changed or deleted, opposite postings undo it."""

from __future__ import annotations

import logging

from executor.context import TradingContext
from executor.errors import UnknownTrade
from executor.ledger.events import reversal_in
from executor.messages import Reversal
from executor.writer import admin

log = logging.getLogger(__name__)


def reverse(trade_id: str, reason: str, trading: TradingContext) -> Reversal:
    """Takes a whole fill back. Raises `UnknownTrade`, `NotReversible` and `LedgerUnavailable`."""
    found = trading.ledger.known_fill(trade_id)
    if found is None:
        raise UnknownTrade(trade_id)
    event = trading.ledger.do(lambda transaction: admin.reverse(transaction, found, reason))
    log.warning("fill reversed", extra={"trade_id": trade_id, "reason": reason, "sequence": event.sequence})
    return Reversal(
        market=trading.market,
        account=event.account,
        order_id=found.order_id,
        trade_id=trade_id,
        sequence=event.sequence,
        reversed_sequence=reversal_in(event).sequence,
        reason=reason,
        recorded_at=event.recorded_at,
    )
