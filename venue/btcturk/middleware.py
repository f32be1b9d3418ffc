"""Runs around all REST calls: limits and armed faults before the call, the venue's own error shape after it."""

from __future__ import annotations

import math

from flask import Blueprint, Response, request

from common import query
from common.ops import answer
from venue.btcturk import odd_answers
from venue.btcturk.ratelimits import GRAPH_TOTAL, Quota
from venue.btcturk.server import BtcturkServer

INVALID = 1037


class RefusedRequest(Exception):
    """A request that the venue answers with HTTP 400 and its own error body."""


def install(calls: Blueprint, server: BtcturkServer, *, graph: bool = False) -> None:
    """Guards a blueprint whose functions have the names of the venue's endpoints.

    With `graph` the chart host's total counts as well.
    """

    @calls.before_request
    def check() -> Response | None:
        endpoint = _endpoint()
        for quota in (endpoint, GRAPH_TOTAL) if graph else (endpoint,):
            refused = _limited(server, quota)
            if refused is not None:
                return refused
        return _fault(server, endpoint)

    @calls.after_request
    def make_odd(response: Response) -> Response:
        fault = server.faults.next_fault("odd_answer", endpoint=_endpoint()) if response.is_json else None
        if fault is not None:
            response.set_data(odd_answers.odd(fault.oddity or "", _endpoint(), response.get_data()))
        return response

    @calls.errorhandler(RefusedRequest)
    def refused(error: RefusedRequest) -> Response:
        return answer({"success": False, "message": str(error), "code": INVALID}, 400)

    @calls.get("/<path:path>")
    @query.takes(query.ANYTHING)
    def unknown(path: str) -> Response:  # noqa: ARG001 - Flask passes it by name
        """Answers 404 without a body, as the venue does for a path that it does not know."""
        return Response(status=404)


def _endpoint() -> str:
    """Returns the venue's name of the call that is made: ticker and ticker_currency are one endpoint to it."""
    return (request.endpoint or "").rpartition(".")[2].partition("_")[0]


def pair_name(parameter: str) -> str:
    """Returns the pair that the request asks for, as the socket writes it; empty when it asks for none."""
    return request.args.get(parameter, "").upper().replace("_", "")


def _limited(server: BtcturkServer, endpoint: str) -> Response | None:
    if endpoint not in server.limits.rules.quotas:
        return None
    wait = server.limits.request(endpoint, request.remote_addr or "", server.clock.monotonic())
    return None if wait is None else too_many(server.limits.rules.quotas[endpoint], math.ceil(wait))


def _fault(server: BtcturkServer, endpoint: str) -> Response | None:
    slow = server.faults.next_fault("slow_rest", endpoint=endpoint)
    if slow is not None:
        server.stop_signal.wait(slow.seconds or 0.0)
    fault = server.faults.next_fault("rest_status", endpoint=endpoint)
    if fault is None:
        return None
    if fault.status == 429:
        quota = server.limits.rules.quotas.get(endpoint, server.limits.rules.quotas["ticker"])
        return too_many(quota, fault.retry_after)
    return _retried(Response("", fault.status or 503, content_type="text/html"), fault.retry_after)


def too_many(quota: Quota, retry_after: int | None) -> Response:
    """Returns the venue's own 429. `retry_after` is in seconds; None leaves the header out."""
    period, limit = quota.period_text, str(quota.limit)
    body = {
        "message": "TOO_MANY_REQUESTS",
        "success": False,
        "code": 429,
        "details": f"Quota exceeded. Maximum allowed: {limit} per {period}.",
        "limit": limit,
        "period": period,
        "policy": "ip",
    }
    return _retried(answer(body, 429), retry_after)


def _retried(response: Response, seconds: int | None) -> Response:
    """Returns the response with its `Retry-After`, unless that is None."""
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)
    return response
