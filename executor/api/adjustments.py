"""The door for deposits, withdrawals and write-offs."""

from __future__ import annotations

from flask import Blueprint, Response

from common import wire
from executor.adjustment_messages import TransferRequest, WriteOffRequest, checked_transfer, checked_write_off
from executor.adjustments import Direction
from executor.api.answering import answered
from executor.command_messages import MoveCash, WriteOffPosition
from executor.parts import Parts


def add(routes: Blueprint, parts: Parts) -> None:
    """Adds the calls that move money in and out, and that give positions up."""

    def moving(direction: Direction) -> Response:
        asked = checked_transfer(wire.decode(TransferRequest, parts.writes.admit()))
        return answered(parts.desk.do(MoveCash(direction=direction, request=asked)))

    @routes.post("/deposits")
    def post_deposit() -> Response:
        return moving("deposit")

    @routes.post("/withdrawals")
    def post_withdrawal() -> Response:
        return moving("withdrawal")

    @routes.post("/write-offs")
    def post_write_off() -> Response:
        asked = checked_write_off(wire.decode(WriteOffRequest, parts.writes.admit()))
        return answered(parts.desk.do(WriteOffPosition(request=asked)))
