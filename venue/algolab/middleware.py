"""Runs before all REST calls: armed faults, the API key, the budget, the signature and the session."""

from __future__ import annotations

import json
import threading
from typing import Any

from flask import Blueprint, Response, request

from common.ops import answer
from venue.algolab.crypto import checker
from venue.algolab.server import AlgoLabServer
from venue.oddities import float_noise, nulled, odd_numbers


class AnsweredCall(Exception):
    """A call that ends with an answer in the venue's envelope and without content.

    outcome: the outcome that is counted.
    status: the HTTP status.
    """

    def __init__(self, outcome: str, status: int, message: str) -> None:
        super().__init__(message)
        self.outcome, self.status = outcome, status


class CallGuard:
    """Checks the calls of a blueprint and counts their answers."""

    def __init__(self, calls: Blueprint, server: AlgoLabServer, request_seconds: float) -> None:
        """`request_seconds` must pass between two requests. A refused request does not count."""
        self._server, self._request_seconds = server, request_seconds
        self._lock = threading.Lock()
        self._next_at = 0.0
        calls.register_error_handler(AnsweredCall, self._answer)

    def body(self, call: str, *, signed: bool) -> dict[str, Any]:
        """Checks a call; returns its body with the keys in lower case, as the venue takes any case.

        `signed` asks for the Checker and a session. Raises `AnsweredCall`.
        """
        fault = self._server.faults.next_fault("rest_status", endpoint=call)
        if fault is not None:
            raise AnsweredCall("fault", fault.status or 503, "")
        self.require_key()
        if not self._within_budget():
            raise AnsweredCall("too_many", 429, "Too many requests")
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise AnsweredCall("refused", 400, "The body must be a JSON object")
        if signed:
            self._require_session(f"/api/{call}", body)
        return {str(key).lower(): value for key, value in body.items()}

    def require_key(self) -> None:
        """Raises `AnsweredCall` unless the request carries the API key."""
        if request.headers.get("APIKEY", "") != self._server.accounts.credentials.api_key:
            raise AnsweredCall("unauthorized", 401, "Unauthorized")

    def success(self, body: object) -> Response:
        """Returns a successful answer and counts it."""
        self._server.counters.answers["ok"] += 1
        return answer(body)

    def equity(self, envelope: dict[str, Any]) -> Response:
        """Returns a successful answer of GetEquityInfo, oddly written where a fault is armed."""
        fault = self._server.faults.next_fault("odd_answer")
        response = self.success(envelope)
        if fault is not None:
            response.set_data(_odd(fault.oddity or "", envelope))
        return response

    def _answer(self, call: AnsweredCall) -> Response:
        self._server.counters.answers[call.outcome] += 1
        return answer({"success": False, "message": str(call), "content": None}, call.status)

    def _within_budget(self) -> bool:
        now = self._server.clock.monotonic()
        with self._lock:
            if now < self._next_at:
                return False
            self._next_at = now + self._request_seconds
            return True

    def _require_session(self, endpoint: str, body: dict[str, Any]) -> None:
        """Checks signature and session. The Checker is made of the body without spaces; an empty object is no body."""
        accounts = self._server.accounts
        compact = json.dumps(body, separators=(",", ":"), ensure_ascii=False) if body else ""
        wanted = checker(accounts.credentials.api_key, endpoint, compact)
        authorized = accounts.valid(request.headers.get("Authorization", ""), use=True)
        if request.headers.get("Checker", "") != wanted or not authorized:
            raise AnsweredCall("unauthorized", 401, "Unauthorized")


def _odd(oddity: str, envelope: dict[str, Any]) -> bytes:
    content = envelope["content"]
    match oddity:
        case "null_fields":
            content = nulled(content, ("name", "limit", "min", "max", "step"))
        case "zero_limits":
            content = {**content, "flr": "0.000", "clg": "0.000"}
        case "float_noise":
            content = float_noise(content, ("flr", "clg", "ask", "bid", "lst"))
        case _:
            return odd_numbers(envelope)
    return json.dumps({**envelope, "content": content}).encode()
