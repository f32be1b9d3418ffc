"""The door for the account: positions, cash, valuation, events, and the document of all calls."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response

from common import VERSION, ops, query
from executor.api.answering import reading
from executor.ledger.events import LedgerEvent
from executor.messages import Events, RecordedEvent
from executor.openapi import DEFAULT_ON_PAGE, KINDS, LAST_NUMBER, MOST_ON_PAGE, document
from executor.parts import Parts


def add(routes: Blueprint, parts: Parts) -> None:
    """Adds the calls that read the account, and the document of all calls."""
    ledger, market = parts.trading.ledger, parts.trading.market

    @routes.get("/openapi.json")
    def get_document() -> Response:
        return ops.answer(document(VERSION))

    @routes.get("/events")
    @query.takes("kind", "limit", "before")
    def get_events() -> Response:
        kind = query.choice("kind", None, KINDS)
        limit = query.whole("limit", DEFAULT_ON_PAGE, at_most=MOST_ON_PAGE)
        found = ledger.events(limit, kind=kind, before=query.optional_whole("before", at_most=LAST_NUMBER))
        events = tuple(_recorded(event) for event in found)
        more = found[-1].sequence if len(found) == limit else None
        return ops.answer(Events(market=market, account=ledger.account_name, events=events, next=more))

    for part in ("account", "positions", "valuation"):
        routes.add_url_rule(f"/{part}", part, reading(parts.desk, part))


def _recorded(event: LedgerEvent) -> RecordedEvent:
    return RecordedEvent(
        sequence=event.sequence,
        kind=event.kind,
        order_id=event.order_id,
        recorded_at=event.recorded_at,
        content=msgspec.Raw(event.payload.encode()),
        hash=event.hash,
    )
