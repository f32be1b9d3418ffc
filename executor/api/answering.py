"""Turns the answer to a command into the answer to a request."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response

from executor.command_messages import Read
from executor.commands import Answer
from executor.desk import Desk


def answered(found: Answer) -> Response:
    """Returns the answer to a request."""
    return Response(found.body, found.status, content_type="application/json")


def reading(desk: Desk, part: str) -> Callable[[], Response]:
    """Returns a view that reads a part of the account."""

    def view() -> Response:
        return answered(desk.do(Read(part=part)))

    return view
