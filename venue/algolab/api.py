"""AlgoLab's REST calls, in the venue's own envelope, with its encryption, its Checker and its budget."""

from __future__ import annotations

import json
import threading
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, request

from common import query
from common.ops import answer
from venue.algolab.crypto import checker
from venue.algolab.server import AlgoLabServer
from venue.algolab.views import BistView

REQUEST_SECONDS = 5.0
HOST_PATH = "/api"


class _Answered(Exception):
    """A request that is answered before its call is reached.

    outcome: the outcome that is counted.
    status: the HTTP status.
    """

    def __init__(self, outcome: str, status: int, message: str) -> None:
        super().__init__(message)
        self.outcome, self.status = outcome, status


class _Budget:
    """Allows one request in every period. A refused request does not count."""

    def __init__(self, period: float) -> None:
        """`period` is in seconds."""
        self._period, self._lock = period, threading.Lock()
        self._next_at = 0.0

    def acquire(self, now: float) -> bool:
        """Returns true when a request is allowed at `now`, monotonic seconds."""
        with self._lock:
            if now < self._next_at:
                return False
            self._next_at = now + self._period
            return True


def routes(server: AlgoLabServer, *, request_seconds: float = REQUEST_SECONDS) -> Blueprint:
    """Returns the calls under `/api/api`, and the customer's phone.

    Like the venue, the calls ignore query parameters. `request_seconds` must pass between two requests.
    """
    api = Blueprint("algolab", __name__)
    budget = _Budget(request_seconds)

    @api.errorhandler(_Answered)
    def answered(error: _Answered) -> Response:
        server.counters.answers[error.outcome] += 1
        return answer({"success": False, "message": str(error), "content": None}, error.status)

    def body_of(call: str, *, signed: bool) -> dict[str, Any]:
        """Checks what every call checks; returns the body with its keys in lower case, as the venue takes any case."""
        fault = server.faults.next_fault("rest_status", endpoint=call)
        if fault is not None:
            raise _Answered("fault", fault.status or 503, "")
        _require_key(server)
        if not budget.acquire(server.clock.monotonic()):
            raise _Answered("too_many", 429, "Too many requests")
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise _Answered("refused", 400, "The body must be a JSON object")
        if signed:
            _require_session(server, f"/api/{call}", body)
        return {str(key).lower(): value for key, value in body.items()}

    def success(content: Any) -> Response:
        server.counters.answers["ok"] += 1
        return answer({"success": True, "message": "", "content": content})

    @api.post(f"{HOST_PATH}/api/LoginUser")
    @query.takes(query.ANYTHING)
    def login_user() -> Response:
        """Does step 1 of a login, with user name and password. A code goes to the phone."""
        body = body_of("LoginUser", signed=False)
        token = server.accounts.log_in(_text(body, "username"), _text(body, "password"))
        if token is None:
            raise _Answered("refused", 200, "The user name or the password is wrong")
        return success({"token": token})

    @api.post(f"{HOST_PATH}/api/LoginUserControl")
    @query.takes(query.ANYTHING)
    def login_user_control() -> Response:
        """Does step 2 of a login, with the code from the phone."""
        body = body_of("LoginUserControl", signed=False)
        authorization = server.accounts.confirm(_text(body, "token"), _text(body, "password"))
        if authorization is None:
            raise _Answered("refused", 200, "The code is wrong or too old")
        return success({"hash": authorization})

    @api.post(f"{HOST_PATH}/api/SessionRefresh")
    @query.takes(query.ANYTHING)
    def session_refresh() -> Response:
        """Keeps the session for another 15 minutes; answers a bare true."""
        body_of("SessionRefresh", signed=True)
        server.counters.answers["ok"] += 1
        return answer(True)

    @api.post(f"{HOST_PATH}/api/GetEquityInfo")
    @query.takes(query.ANYTHING)
    def get_equity_info() -> Response:
        """Answers one share's prices and limits."""
        symbol = _text(body_of("GetEquityInfo", signed=True), "symbol")
        view = server.views.get(symbol.upper())
        if view is None or not view.ceiling:
            raise _Answered("refused", 200, f"{symbol[:32]} is not known")
        return success(equity_info(view))

    @api.get("/sim/sms")
    def phone() -> Response:
        """Answers the code that the newest login sent: the customer's phone. The real venue has no such call."""
        _require_key(server)
        code = server.accounts.phone()
        return answer({"code": code}, 200 if code else 404)

    return api


def equity_info(view: BistView) -> dict[str, str]:
    """Returns the content of GetEquityInfo: texts with three digits after the point, as the venue writes them."""
    best = [side[0].price if side else Decimal(0) for side in (view.asks, view.bids)]
    prices = {"flr": view.floor, "clg": view.ceiling, "ask": best[0], "bid": best[1], "lst": view.last}
    texts = {name: f"{price:.3f}" for name, price in prices.items()}
    return {"name": view.symbol, **texts, "limit": "0.00", "min": "", "max": "", "step": ""}


def _require_key(server: AlgoLabServer) -> None:
    if request.headers.get("APIKEY", "") != server.accounts.credentials.api_key:
        raise _Answered("unauthorized", 401, "Unauthorized")


def _require_session(server: AlgoLabServer, endpoint: str, body: dict[str, Any]) -> None:
    """Checks signature and session. The Checker is made of the body without spaces; an empty object is no body."""
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
