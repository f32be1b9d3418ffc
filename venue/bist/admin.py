"""The calls that make the AlgoLab side misbehave; they exist only when the settings say so."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, request

from common import wire
from common.errors import NotFound
from common.ops import answer
from common.wire import Message
from venue.bist.faults import NAMES, Fault
from venue.bist.server import AlgoLabServer


class _Motion(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the exchange is to move."""

    moving: bool


def routes(server: AlgoLabServer) -> Blueprint:
    """The calls under `/admin/bist`."""
    admin = Blueprint("bist_admin", __name__, url_prefix="/admin/bist")

    @admin.post("/faults")
    def arm() -> Response:
        return answer(_plain(server.faults.order(wire.decode(Fault, request.get_data()))), 201)

    @admin.delete("/faults")
    def clear() -> Response:
        server.faults.clear()
        return answer(_faults(server))

    @admin.get("/faults")
    def faults() -> Response:
        return answer(_faults(server))

    @admin.get("/books/<symbol>")
    def book(symbol: str) -> Response:
        """The present rows of one symbol, its phase and its limits; `settled` when every open socket was sent them."""
        view = server.views.get(symbol)
        if view is None:
            raise NotFound(f"there is no symbol {symbol[:32]}", symbol=symbol[:32])
        sides = {
            name: [[str(row.price), row.quantity, row.orders] for row in rows]
            for name, rows in (("bids", view.bids), ("asks", view.asks))
        }
        limits = {"floor": str(view.floor), "ceiling": str(view.ceiling), "last": str(view.last)}
        return answer(
            {"symbol": symbol, "settled": server.settled(), "at": view.at, "phase": view.phase, **limits, **sides}
        )

    @admin.post("/market")
    def market() -> Response:
        """Stops the exchange, so that books can be compared, or lets it go on."""
        motion = wire.decode(_Motion, request.get_data())
        (server.resume if motion.moving else server.pause)()
        return answer(motion)

    return admin


def _faults(server: AlgoLabServer) -> dict[str, object]:
    armed = [_plain(fault) for fault in server.faults.armed()]
    return {"armed": armed, "done": server.faults.done(), "known": NAMES}


def _plain(fault: Fault) -> dict[str, object]:
    """Only the parameters that the fault has."""
    return {name: value for name, value in msgspec.structs.asdict(fault).items() if value is not None}
