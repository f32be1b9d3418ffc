"""The HTTP calls by which an operator adds and removes the symbols that are followed."""

from __future__ import annotations

from flask import Blueprint, Response

from common.ops import answer, require_token
from common.query import refuse_body
from marketdata.followed.following import Following


def routes(following: Following, operator_verifier: str) -> Blueprint:
    """Returns the calls. Reading needs no token, changing needs the operator's."""
    api = Blueprint("followed", __name__, url_prefix="/v1/followed")

    @api.get("")
    def followed() -> Response:
        return answer(following.now())

    @api.put("/<instrument>")
    def follow(instrument: str) -> Response:
        require_token(operator_verifier)
        refuse_body()
        return answer(following.follow(instrument))

    @api.delete("/<instrument>")
    def unfollow(instrument: str) -> Response:
        require_token(operator_verifier)
        refuse_body()
        return answer(following.unfollow(instrument))

    return api
