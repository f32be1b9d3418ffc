"""AlgoLab's REST calls, in the venue's own envelope, behind its encryption, its Checker and its budget."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, request

from common.ops import answer
from venue.bist.crypto import checker
from venue.bist.server import AlgoLabServer
from venue.bist.views import View

REQUEST_SECONDS = 5.0
HOST_PATH = "/api"


class _Answered(Exception):
    """A request that is answered before its call is reached."""

    def __init__(self, outcome: str, status: int, message: str) -> None:
        super().__init__(message)
        self.outcome, self.status = outcome, status


class _Budget:
    """One request in every `period` seconds; what was refused does not count."""

    def __init__(self, period: float) -> None:
        self._period, self._lock = period, threading.Lock()
        self._next_at = 0.0

    def take(self, now: float) -> bool:
        with self._lock:
            if now < self._next_at:
                return False
            self._next_at = now + self._period
            return True


def routes(
    server: AlgoLabServer, *, request_seconds: float = REQUEST_SECONDS, monotonic: Callable[[], float] = time.monotonic
) -> Blueprint:
    """The calls under `/api/api`, and the customer's phone."""
    api = Blueprint("algolab", __name__)
    budget = _Budget(request_seconds)

    @api.errorhandler(_Answered)
    def answered(error: _Answered) -> Response:
        server.tally.answers[error.outcome] += 1
        return answer({"success": False, "message": str(error), "content": None}, error.status)

    def body_of(call: str, *, signed: bool) -> dict[str, Any]:
        """What every call checks; the body with its keys in lower case, as the venue takes any."""
        fault = server.faults.take("rest_status", endpoint=call)
        if fault is not None:
            raise _Answered("fault", fault.status or 503, "")
        _require_key(server)
        if not budget.take(monotonic()):
            raise _Answered("too_many", 429, "Too many requests")
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise _Answered("refused", 400, "The body must be a JSON object")
        if signed:
            _require_session(server, f"/api/{call}", body)
        return {str(key).lower(): value for key, value in body.items()}

    def success(content: Any) -> Response:
        server.tally.answers["ok"] += 1
        return answer({"success": True, "message": "", "content": content})

    @api.post(f"{HOST_PATH}/api/LoginUser")
    def login_user() -> Response:
        """Step 1 of a login: user and password; a code goes to the phone."""
        body = body_of("LoginUser", signed=False)
        token = server.accounts.log_in(_text(body, "username"), _text(body, "password"))
        if token is None:
            raise _Answered("refused", 200, "The user name or the password is wrong")
        return success({"token": token})

    @api.post(f"{HOST_PATH}/api/LoginUserControl")
    def login_user_control() -> Response:
        """Step 2 of a login: the code from the phone."""
        body = body_of("LoginUserControl", signed=False)
        authorization = server.accounts.confirm(_text(body, "token"), _text(body, "password"))
        if authorization is None:
            raise _Answered("refused", 200, "The code is wrong or too old")
        return success({"hash": authorization})

    @api.post(f"{HOST_PATH}/api/SessionRefresh")
    def session_refresh() -> Response:
        """Keeps the session; answers a bare boolean."""
        body_of("SessionRefresh", signed=True)
        server.tally.answers["ok"] += 1
        return answer(True)

    @api.post(f"{HOST_PATH}/api/GetEquityInfo")
    def get_equity_info() -> Response:
        """One share's prices and limits."""
        symbol = _text(body_of("GetEquityInfo", signed=True), "symbol")
        view = server.views.get(symbol.upper())
        if view is None or not view.ceiling:
            raise _Answered("refused", 200, f"{symbol[:32]} is not known")
        return success(equity_info(view))

    @api.get("/sim/sms")
    def phone() -> Response:
        """The code that the latest login sent: the customer's phone, which the real venue does not have."""
        _require_key(server)
        code = server.accounts.phone()
        return answer({"code": code}, 200 if code else 404)

    return api


def equity_info(view: View) -> dict[str, str]:
    """The content of GetEquityInfo: texts with three digits after the point, as the venue writes them."""
    best = [side[0].price if side else Decimal(0) for side in (view.asks, view.bids)]
    prices = {"flr": view.floor, "clg": view.ceiling, "ask": best[0], "bid": best[1], "lst": view.last}
    texts = {name: f"{price:.3f}" for name, price in prices.items()}
    return {"name": view.symbol, **texts, "limit": "0.00", "min": "", "max": "", "step": ""}


def _require_key(server: AlgoLabServer) -> None:
    if request.headers.get("APIKEY", "") != server.accounts.credentials.api_key:
        raise _Answered("unauthorized", 401, "Unauthorized")


def _require_session(server: AlgoLabServer, endpoint: str, body: dict[str, Any]) -> None:
    """The Checker is over the body without spaces, whatever was sent; an empty object counts as no body."""
    compact = json.dumps(body, separators=(",", ":"), ensure_ascii=False) if body else ""
    wanted = checker(server.accounts.credentials.api_key, endpoint, compact)
    authorized = server.accounts.valid(request.headers.get("Authorization", ""), use=True)
    if request.headers.get("Checker", "") != wanted or not authorized:
        raise _Answered("unauthorized", 401, "Unauthorized")


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise _Answered("refused", 400, f"{name} must be a text")
    return value
