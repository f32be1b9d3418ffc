"""The door for the account: positions, cash, valuation, and the document of all calls."""

from __future__ import annotations

from flask import Blueprint, Response

from common import VERSION, ops
from executor.api.answering import reading
from executor.openapi import document
from executor.parts import Parts


def add(routes: Blueprint, parts: Parts) -> None:
    """Adds the calls that read the account, and the document of all calls."""

    @routes.get("/openapi.json")
    def get_document() -> Response:
        return ops.answer(document(VERSION))

    for part in ("account", "positions", "valuation"):
        routes.add_url_rule(f"/{part}", part, reading(parts.desk, part))
