"""The admin calls that both venues have: they arm faults and stop the market. SPARK_VENUE_ADMIN opens them."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response, request

from common import wire
from common.ops import answer
from common.wire import Message
from venue.armed_faults import ArmedFaults, FaultRequest
from venue.marketserver import MarketServer


class _Motion(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /market`.

    moving: false stops the market, true lets it go on.
    """

    moving: bool


def add_calls(admin: Blueprint, faults: ArmedFaults[Any], server: MarketServer[Any]) -> None:
    """Adds `POST`, `DELETE` and `GET /faults` and `POST /market`."""

    def listing() -> Response:
        armed = [_given(fault) for fault in faults.armed()]
        return answer({"armed": armed, "done": faults.done(), "known": list(faults.parameters)})

    @admin.post("/faults")
    def arm() -> Response:
        """Arms a fault; answers it with its defaults."""
        return answer(_given(faults.add(wire.decode(faults.kind, request.get_data()))), 201)

    @admin.delete("/faults")
    def clear() -> Response:
        """Disarms all faults."""
        faults.clear()
        return listing()

    @admin.get("/faults")
    def listed() -> Response:
        """Answers the armed faults, how often each was done, and the names of all."""
        return listing()

    @admin.post("/market")
    def move() -> Response:
        """Stops the market, so that books can be compared, or lets it go on."""
        motion = wire.decode(_Motion, request.get_data())
        (server.resume if motion.moving else server.pause)()
        return answer(motion)


def _given(fault: FaultRequest) -> dict[str, object]:
    """Returns the parameters that the fault has."""
    return {name: value for name, value in msgspec.structs.asdict(fault).items() if value is not None}
