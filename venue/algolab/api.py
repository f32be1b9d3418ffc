"""AlgoLab's REST calls, in the venue's own envelope, and the customer's phone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Blueprint, Response

from common import query
from common.ops import answer
from venue.algolab.middleware import AnsweredCall, CallGuard
from venue.algolab.server import AlgoLabServer
from venue.algolab.views import BistView

REQUEST_SECONDS = 5.0
PREFIX = "/api/api"


def routes(server: AlgoLabServer, *, request_seconds: float = REQUEST_SECONDS) -> Blueprint:
    """Returns the calls under `/api/api`, and the customer's phone.

    Like the venue, the calls ignore query parameters. `request_seconds` must pass between two requests.
    """
    api = Blueprint("algolab", __name__)
    guard = CallGuard(api, server, request_seconds)
    _login_calls(api, server, guard)
    _session_calls(api, server, guard)
    return api


def _login_calls(api: Blueprint, server: AlgoLabServer, guard: CallGuard) -> None:
    @api.post(f"{PREFIX}/LoginUser")
    @query.takes(query.ANYTHING)
    def login_user() -> Response:
        """Does step 1 of a login, with user name and password. A code goes to the phone."""
        body = guard.body("LoginUser", signed=False)
        token = server.accounts.log_in(_text(body, "username"), _text(body, "password"))
        if token is None:
            raise AnsweredCall("refused", 200, "The user name or the password is wrong")
        return guard.success(_envelope({"token": token}))

    @api.post(f"{PREFIX}/LoginUserControl")
    @query.takes(query.ANYTHING)
    def login_user_control() -> Response:
        """Does step 2 of a login, with the code from the phone."""
        body = guard.body("LoginUserControl", signed=False)
        authorization = server.accounts.confirm(_text(body, "token"), _text(body, "password"))
        if authorization is None:
            raise AnsweredCall("refused", 200, "The code is wrong or too old")
        return guard.success(_envelope({"hash": authorization}))

    @api.get("/sim/sms")
    def phone() -> Response:
        """Answers the code that the newest login sent: the customer's phone. The real venue has no such call."""
        guard.require_key()
        code = server.accounts.phone()
        return answer({"code": code}, 200 if code else 404)


def _session_calls(api: Blueprint, server: AlgoLabServer, guard: CallGuard) -> None:
    @api.post(f"{PREFIX}/SessionRefresh")
    @query.takes(query.ANYTHING)
    def session_refresh() -> Response:
        """Keeps the session for another 15 minutes; answers a bare true."""
        guard.body("SessionRefresh", signed=True)
        return guard.success(True)

    @api.post(f"{PREFIX}/GetEquityInfo")
    @query.takes(query.ANYTHING)
    def get_equity_info() -> Response:
        """Answers one share's prices and limits."""
        symbol = _text(guard.body("GetEquityInfo", signed=True), "symbol")
        view = server.views.get(symbol.upper())
        if view is None or not view.ceiling:
            raise AnsweredCall("refused", 200, f"{symbol[:32]} is not known")
        return guard.equity(_envelope(equity_info(view)))


def equity_info(view: BistView) -> dict[str, str]:
    """Returns the content of GetEquityInfo: texts with three digits after the point, as the venue writes them."""
    best = [side[0].price if side else Decimal(0) for side in (view.asks, view.bids)]
    prices = {"flr": view.floor, "clg": view.ceiling, "ask": best[0], "bid": best[1], "lst": view.last}
    texts = {name: f"{price:.3f}" for name, price in prices.items()}
    return {"name": view.symbol, **texts, "limit": "0.00", "min": "", "max": "", "step": ""}


def _envelope(content: object) -> dict[str, Any]:
    return {"success": True, "message": "", "content": content}


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise AnsweredCall("refused", 400, f"{name} must be a text")
    return value
