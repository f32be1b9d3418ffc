"""The door for what the account has, and for what all the doors answer."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response

from common import VERSION, ops, wire
from executor.messages import AccountNow, Positions
from executor.openapi import document
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

    @routes.get("/account")
    def get_account() -> Response:
        found = desk.ledger.condition()
        known = msgspec.structs.asdict(found.account)
        return ops.answer(AccountNow(market=market, trading_state=found.controls.state, **known))
