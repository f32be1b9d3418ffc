"""The admin calls of BTCTurk's side: faults, the market, the limits and the books. SPARK_VENUE_ADMIN opens them."""

from __future__ import annotations

from flask import Blueprint, Response, request

from common import wire
from common.errors import NotFound
from common.ops import answer
from venue.admin import add_calls
from venue.btcturk import answers
from venue.btcturk.ladder import WINDOW
from venue.btcturk.rules import PairChange
from venue.btcturk.server import BtcturkServer


def routes(server: BtcturkServer) -> Blueprint:
    """Returns the calls under `/admin/btcturk`."""
    admin = Blueprint("btcturk_admin", __name__, url_prefix="/admin/btcturk")

    add_calls(admin, server.faults, server)

    @admin.get("/limits")
    def limits() -> Response:
        """Answers the most requests of one address in any window of an endpoint's period; `dial` is new sockets."""
        rules = server.limits.rules
        return answer(
            {
                "worst_windows": server.limits.worst_windows(),
                "refused": dict(server.limits.refused),
                "quotas": {**rules.quotas, "dial": rules.dials},
            }
        )

    @admin.get("/books/<pair>")
    def book(pair: str) -> Response:
        """Answers the present book. It is `settled` when the market is stopped and every open socket was sent it."""
        views = server.views
        if pair not in views:
            raise NotFound(f"there is no pair {pair[:32]}", pair=pair[:32])
        settled = server.paused() and server.settled()
        return answer({"pair": pair, "settled": settled, **answers.order_book(views[pair], WINDOW)})

    @admin.get("/pairs")
    def pairs() -> Response:
        """Answers the rules of every pair, listed or not."""
        return answer({"pairs": server.rules()})

    @admin.post("/pairs/<pair>")
    def change(pair: str) -> Response:
        """Halts, resumes, delists, relists, renames or adds a pair, or changes its rules; answers its rules."""
        return answer(server.change_pair(pair, wire.decode(PairChange, request.get_data())))

    return admin
