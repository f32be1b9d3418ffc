"""The HTTP calls of AlgoLab's login: show the session, have a code sent, hand the code in."""

from __future__ import annotations

from flask import Blueprint, Response, request

from common import wire
from common.errors import InvalidRequest
from common.ops import answer, require_token
from common.query import refuse_body
from marketdata.venues.algolab.session import Session

MOST_DIGITS = 12


class Code(wire.Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of the second step.

    code: the digits from the text message.
    """

    code: str


def routes(session: Session, operator_verifier: str) -> Blueprint:
    """Returns the calls. Reading the session needs no token; logging in needs the operator's."""
    api = Blueprint("bist_session", __name__, url_prefix="/v1/feeds/BIST")

    @api.get("/session")
    def status() -> Response:
        return answer(session.status())

    @api.post("/login")
    def login() -> Response:
        require_token(operator_verifier)
        refuse_body()
        return answer(session.login())

    @api.post("/sms")
    def sms() -> Response:
        require_token(operator_verifier)
        code = wire.decode(Code, request.get_data()).code.strip()
        if not (code.isascii() and code.isdigit() and len(code) <= MOST_DIGITS):
            raise InvalidRequest("code", f"must be 1 to {MOST_DIGITS} digits")
        return answer(session.sms(code))

    return api
