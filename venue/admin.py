"""The calls that make the venue misbehave and tell what it measured; they exist only when the settings say so."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, request

from common import wire
from common.errors import NotFound
from common.ops import answer
from common.wire import Message
from venue import rest
from venue.faults import NAMES, Fault
from venue.ladder import WINDOW
from venue.server import VenueServer


class _Motion(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the market is to move."""

    moving: bool


def routes(server: VenueServer) -> Blueprint:
    """The calls under `/admin`."""
    admin = Blueprint("admin", __name__, url_prefix="/admin")

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

    @admin.post("/market")
    def market() -> Response:
        """Stops the market, so that books can be compared, or lets it go on."""
        motion = wire.decode(_Motion, request.get_data())
        (server.resume if motion.moving else server.pause)()
        return answer(motion)

    return admin


def _faults(server: VenueServer) -> dict[str, object]:
    armed = [_plain(fault) for fault in server.faults.armed()]
    return {"armed": armed, "done": server.faults.done(), "known": NAMES}


def _plain(fault: Fault) -> dict[str, object]:
    """Only the parameters that the fault has."""
    return {name: value for name, value in msgspec.structs.asdict(fault).items() if value is not None}
