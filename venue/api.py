"""BTCTurk's public REST calls, in the venue's own envelopes and with its own errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request

from common.ops import answer
from venue import rest
from venue.market import PairView

MOST_LEVELS, MOST_TRADES = 100, 50
INVALID = 1037

Views = Callable[[], Mapping[str, PairView]]


class Refused(Exception):
    """A request that the venue answers with HTTP 400 and its own error body."""


def routes(views: Views, clock: Callable[[], float]) -> Blueprint:
    """The calls under `/api/v2`; `clock` gives unix seconds."""
    api = Blueprint("btcturk", __name__, url_prefix="/api/v2")

    @api.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        return answer({"success": False, "message": str(error), "code": INVALID, "data": None}, 400)

    @api.get("/server/ping")
    def ping() -> Response:
        return answer({"pong": True})

    @api.get("/server/time")
    def time() -> Response:
        return answer(rest.server_time(clock()))

    @api.get("/server/exchangeinfo")
    def exchange_info() -> Response:
        return _data(rest.exchange_info([view.spec for view in views().values()], clock()))

    @api.get("/ticker")
    def ticker() -> Response:
        """Every pair, or the one asked for; an unknown one is an empty list, not an error."""
        wanted = _pair_name()
        rows = [rest.ticker_row(view, order) for order, view in enumerate(views().values(), start=1)]
        return _data([row for row in rows if wanted in ("", row["pair"])])

    @api.get("/orderbook")
    def order_book() -> Response:
        return _data(rest.order_book(_known_pair(views()), _count("limit", MOST_LEVELS)))

    @api.get("/trades")
    def trades() -> Response:
        view = _known_pair(views())
        newest_first = view.trades[::-1][: _count("last", MOST_TRADES)]
        return _data([rest.trade_row(view.spec, trade) for trade in newest_first])

    return api


def _data(data: Any) -> Response:
    return answer({"success": True, "message": None, "code": 0, "data": data})


def _pair_name() -> str:
    return request.args.get("pairSymbol", "").upper().replace("_", "")


def _known_pair(views: Mapping[str, PairView]) -> PairView:
    name = _pair_name()
    if not name:
        raise Refused("INVALID_REQUEST_ERROR")
    if name not in views:
        raise Refused(f"Pair {name[:32]} does not exists.")
    return views[name]


def _count(parameter: str, most: int) -> int:
    """A count that the venue caps in silence."""
    text = request.args.get(parameter, str(most))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise Refused("INVALID_REQUEST_ERROR")
    return min(int(text), most)
