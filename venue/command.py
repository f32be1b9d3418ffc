"""The admin calls that both venues have: faults and the market's motion. They exist only when the settings say so."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import msgspec
from flask import Blueprint, Response, request

from common import wire
from common.ops import answer
from common.wire import Message
from venue.armed import Armed, Order

F = TypeVar("F", bound=Order)


class Movable(Protocol):
    """A market that can be told to stand still."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...


class _Motion(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the market is to move."""

    moving: bool


def add_calls(admin: Blueprint, faults: Armed[F], kind: type[F], names: tuple[str, ...], market: Movable) -> None:
    """`POST`, `DELETE` and `GET /faults`, and `POST /market`; `kind` is what an order of a fault looks like."""

    def told() -> dict[str, object]:
        armed = [_plain(fault) for fault in faults.armed()]
        return {"armed": armed, "done": faults.done(), "known": names}

    @admin.post("/faults")
    def arm() -> Response:
        return answer(_plain(faults.order(wire.decode(kind, request.get_data()))), 201)

    @admin.delete("/faults")
    def clear() -> Response:
        faults.clear()
        return answer(told())

    @admin.get("/faults")
    def listed() -> Response:
        return answer(told())

    @admin.post("/market")
    def move() -> Response:
        """Stops the market, so that books can be compared, or lets it go on."""
        motion = wire.decode(_Motion, request.get_data())
        (market.resume if motion.moving else market.pause)()
        return answer(motion)


def _plain(fault: Any) -> dict[str, object]:
    """Only the parameters that the fault has."""
    return {name: value for name, value in msgspec.structs.asdict(fault).items() if value is not None}
