"""The door for lists: orders, fills and events, newest first, page by page."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec
from flask import Blueprint, Response

from common import ops, query
from common.answers import Orders
from common.errors import InvalidRequest
from executor.ledger.events import LedgerEvent
from executor.ledger.listing import EventFilter, FillFilter, OrderFilter
from executor.listing_messages import Fills
from executor.messages import Events, RecordedEvent
from executor.openapi import DEFAULT_ON_PAGE, KINDS, LAST_NUMBER, MOST_ON_PAGE, ORDER_ID_FORM, SIDES, STATUSES
from executor.orders import CLIENT_ORDER_ID_FORM, SYMBOL_FORM
from executor.parts import Parts

_ORDER_ID, _KEY, _SYMBOL = (re.compile(form) for form in (ORDER_ID_FORM, CLIENT_ORDER_ID_FORM, SYMBOL_FORM))
EVERY = "all"


def add(routes: Blueprint, parts: Parts) -> None:
    """Adds the calls that list orders, fills and events."""
    ledger, market = parts.trading.ledger, parts.trading.market

    @routes.get("/orders")
    @query.takes("client_order_id", "status", "symbol", "side", "from", "to", "limit", "before")
    def get_orders() -> Response:
        status = query.choice("status", EVERY, STATUSES)
        since, until = _times()
        wanted = OrderFilter(
            client_order_id=query.text("client_order_id", _KEY, "1 to 64 of the characters A-Z a-z 0-9 . _ -"),
            status=None if status == EVERY else status,
            symbol=_symbol(),
            side=query.choice("side", None, SIDES),
            since=since,
            until=until,
        )
        page = ledger.list_orders(wanted, *_place())
        return ops.answer(Orders(market=market, orders=tuple(page.items), next=page.next))

    @routes.get("/fills")
    @query.takes("order_id", "symbol", "side", "from", "to", "limit", "before")
    def get_fills() -> Response:
        since, until = _times()
        wanted = FillFilter(_order_id(), _symbol(), query.choice("side", None, SIDES), since, until)
        page = ledger.list_fills(wanted, *_place())
        return ops.answer(Fills(market=market, account=ledger.account_name, fills=tuple(page.items), next=page.next))

    @routes.get("/events")
    @query.takes("kind", "order_id", "from", "to", "limit", "before")
    def get_events() -> Response:
        wanted = EventFilter(query.choice("kind", None, KINDS), _order_id(), *_times())
        page = ledger.list_events(wanted, *_place())
        events = tuple(_recorded(event) for event in page.items)
        return ops.answer(Events(market=market, account=ledger.account_name, events=events, next=page.next))


def _place() -> tuple[int, int | None]:
    """Returns how many are asked for, and the place that they come before."""
    limit = query.whole("limit", DEFAULT_ON_PAGE, at_most=MOST_ON_PAGE)
    return limit, query.optional_whole("before", at_most=LAST_NUMBER)


def _times() -> tuple[datetime | None, datetime | None]:
    since, until = query.moment("from"), query.moment("to")
    if since is not None and until is not None and until <= since:
        raise InvalidRequest("to", "must be later than from")
    return since, until


def _symbol() -> str | None:
    return query.text("symbol", _SYMBOL, "VENUE:PAIR in capital letters, as in BTCTURK:BTCTRY")


def _order_id() -> str | None:
    return query.text("order_id", _ORDER_ID, "an order's id, as in paper-2")


def _recorded(event: LedgerEvent) -> RecordedEvent:
    return RecordedEvent(
        sequence=event.sequence,
        kind=event.kind,
        order_id=event.order_id,
        recorded_at=event.recorded_at,
        content=msgspec.Raw(event.payload.encode()),
        hash=event.hash,
    )
