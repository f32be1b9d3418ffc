"""The door for what the account has, and for what all the doors answer."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, request

from common import VERSION, ops, wire
from common.errors import InvalidRequest
from executor.inflow import whole
from executor.ledger.events import Event
from executor.messages import EventNow, Events, Positions, account_now
from executor.openapi import DEFAULT_ON_PAGE, KINDS, LAST_NUMBER, MOST_ON_PAGE, document
from executor.submit import Desk


def add(routes: Blueprint, desk: Desk, market: wire.Market) -> None:
    """The calls that read positions, the account, and the document of all calls."""

    @routes.get("/openapi.json")
    def get_document() -> Response:
        return ops.answer(document(VERSION))

    @routes.get("/positions")
    def get_positions() -> Response:
        held = desk.ledger.positions()
        return ops.answer(Positions(market=market, account=desk.ledger.account_name, positions=tuple(held)))

    @routes.get("/events")
    def get_events() -> Response:
        kind = request.args.get("kind")
        if kind is not None and kind not in KINDS:
            raise InvalidRequest("kind", f"must be one of {', '.join(KINDS)}")
        limit = whole("limit", MOST_ON_PAGE) or DEFAULT_ON_PAGE
        found = desk.ledger.events(limit, kind=kind, before=whole("before", LAST_NUMBER))
        told = tuple(_told(event) for event in found)
        more = found[-1].sequence if len(found) == limit else None
        return ops.answer(Events(market=market, account=desk.ledger.account_name, events=told, next=more))

    @routes.get("/account")
    def get_account() -> Response:
        found = desk.ledger.condition()
        return ops.answer(account_now(market, found.account, found.controls.state))


def _told(event: Event) -> EventNow:
    return EventNow(
        sequence=event.sequence,
        kind=event.kind,
        order_id=event.order_id,
        recorded_at=event.recorded_at,
        content=msgspec.Raw(event.payload.encode()),
        hash=event.hash,
    )
