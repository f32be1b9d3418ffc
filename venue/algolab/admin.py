"""The admin calls of AlgoLab's side: faults, the market and the books. SPARK_VENUE_ADMIN opens them."""

from __future__ import annotations

from flask import Blueprint, Response

from common.decimals import plain_text
from common.errors import NotFound
from common.ops import answer
from venue.admin import add_calls
from venue.algolab.server import AlgoLabServer


def routes(server: AlgoLabServer) -> Blueprint:
    """Returns the calls under `/admin/algolab`."""
    admin = Blueprint("algolab_admin", __name__, url_prefix="/admin/algolab")

    add_calls(admin, server.faults, server)

    @admin.get("/books/<symbol>")
    def book(symbol: str) -> Response:
        """Answers one symbol's rows, phase and limits. They are `settled` when every open socket was sent them."""
        view = server.views.get(symbol)
        if view is None:
            raise NotFound(f"there is no symbol {symbol[:32]}", symbol=symbol[:32])
        sides = {
            name: [[plain_text(row.price), row.quantity, row.orders] for row in rows]
            for name, rows in (("bids", view.bids), ("asks", view.asks))
        }
        limits = {"floor": plain_text(view.floor), "ceiling": plain_text(view.ceiling), "last": plain_text(view.last)}
        return answer(
            {"symbol": symbol, "settled": server.settled(), "at": view.at, "phase": view.phase, **limits, **sides}
        )

    return admin
