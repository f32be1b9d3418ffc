"""The calls that make the venue misbehave and tell what it measured; they exist only when the settings say so."""

from __future__ import annotations

from flask import Blueprint, Response

from common.errors import NotFound
from common.ops import answer
from venue import rest
from venue.command import add_calls
from venue.faults import NAMES, Fault
from venue.ladder import WINDOW
from venue.server import VenueServer


def routes(server: VenueServer) -> Blueprint:
    """The calls under `/admin`."""
    admin = Blueprint("admin", __name__, url_prefix="/admin")

    add_calls(admin, server.faults, Fault, NAMES, server)

    @admin.get("/limits")
    def limits() -> Response:
        """What one address did at most in any window of an endpoint's period; `dial` is new sockets."""
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
        """The present book; `settled` when every open socket was sent everything up to it and the market stands."""
        views = server.views
        if pair not in views:
            raise NotFound(f"there is no pair {pair[:32]}", pair=pair[:32])
        settled = server.paused() and server.settled()
        return answer({"pair": pair, "settled": settled, **rest.order_book(views[pair], WINDOW)})

    return admin
