"""The calls that make the AlgoLab side misbehave; they exist only when the settings say so."""

from __future__ import annotations

from flask import Blueprint, Response

from common.errors import NotFound
from common.ops import answer
from venue.bist.faults import NAMES, Fault
from venue.bist.server import AlgoLabServer
from venue.command import add_calls


def routes(server: AlgoLabServer) -> Blueprint:
    """The calls under `/admin/bist`."""
    admin = Blueprint("bist_admin", __name__, url_prefix="/admin/bist")

    add_calls(admin, server.faults, Fault, NAMES, server)

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

    return admin
