"""BTCTurk's public REST calls, in the venue's own envelope and with its own errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from common import query
from common.ops import answer
from venue.btcturk import answers, middleware
from venue.btcturk.middleware import RefusedRequest, pair_name
from venue.btcturk.server import BtcturkServer
from venue.btcturk.views import PairView

MOST_LEVELS, MOST_TRADES, MOST_DAYS = 100, 50, 1_000


def routes(server: BtcturkServer) -> Blueprint:
    """Returns the calls under `/api/v2`. Like the venue, they ignore query parameters that they do not know."""
    api = Blueprint("btcturk", __name__, url_prefix="/api/v2")
    middleware.install(api, server)
    _server_calls(api, server)
    _pair_calls(api, server)
    return api


def _server_calls(api: Blueprint, server: BtcturkServer) -> None:
    @api.get("/server/ping")
    @query.takes(query.ANYTHING)
    def ping() -> Response:
        """Answers that the server is there."""
        return answer({"pong": True})

    @api.get("/server/time")
    @query.takes(query.ANYTHING)
    def time() -> Response:
        """Answers the venue's time."""
        return answer(answers.server_time(server.clock.unix()))

    @api.get("/server/exchangeinfo")
    @query.takes(query.ANYTHING)
    def exchangeinfo() -> Response:
        """Answers every pair with its rules, and every currency."""
        response = _data(answers.exchange_info(_listed(server), server.clock.unix()))
        response.headers["Cache-Control"] = "max-age=30"
        return response


def _listed(server: BtcturkServer) -> list[PairView]:
    """Returns the pairs that `exchangeinfo` has, but for those that a fault leaves out."""
    views = dict(server.views)
    if server.faults.next_fault("no_pairs"):
        return []
    fault = server.faults.next_fault("missing_pair", pairs=views)
    if fault is not None:
        views.pop(fault.pair or next(iter(views)), None)
    return list(views.values())


def _pair_calls(api: Blueprint, server: BtcturkServer) -> None:
    @api.get("/ticker")
    @query.takes(query.ANYTHING)
    def ticker() -> Response:
        """Answers the figures of every pair, or of one. For an unknown pair the list is empty; it is no error."""
        wanted = pair_name("pairSymbol")
        return _data([row for row in _ticker_rows(server) if wanted in ("", row["pair"])])

    @api.get("/ticker/currency", endpoint="ticker_currency")
    @query.takes(query.ANYTHING)
    def ticker_currency() -> Response:
        """Answers the figures of every pair that has the currency on either side."""
        wanted = request.args.get("symbol", "").upper()
        return _data(
            [row for row in _ticker_rows(server) if wanted in (row["numeratorSymbol"], row["denominatorSymbol"])]
        )

    @api.get("/orderbook")
    @query.takes(query.ANYTHING)
    def orderbook() -> Response:
        """Answers the best levels of a pair's book."""
        return _data(answers.order_book(_known_pair(server.views), _count("limit", MOST_LEVELS)))

    @api.get("/trades")
    @query.takes(query.ANYTHING)
    def trades() -> Response:
        """Answers a pair's last trades, newest first."""
        view = _known_pair(server.views)
        newest_first = view.trades[::-1][: _count("last", MOST_TRADES)]
        return _data([answers.trade_row(view.spec, trade) for trade in newest_first])

    @api.get("/ohlc")
    @query.takes(query.ANYTHING)
    def ohlc() -> Response:
        """Answers a pair's last days, oldest first."""
        view, days = _known_pair(server.views), _count("last", MOST_DAYS)
        bars = server.charts[view.spec.name].bars("1D", 0, int(view.at), view.candles)[-days:]
        return _data([answers.day_row(view.spec, bar, milliseconds=True) for bar in bars])


def _ticker_rows(server: BtcturkServer) -> list[dict[str, Any]]:
    return [answers.ticker_row(view, order) for order, view in enumerate(server.views.values(), start=1)]


def _data(data: Any) -> Response:
    return answer({"success": True, "message": None, "code": 0, "data": data})


def _known_pair(views: Mapping[str, PairView]) -> PairView:
    name = pair_name("pairSymbol")
    if not name:
        raise RefusedRequest("INVALID_REQUEST_ERROR")
    if name not in views:
        raise RefusedRequest(f"Pair {name[:32]} does not exists.")
    return views[name]


def _count(parameter: str, most: int) -> int:
    """Returns the count that was asked for. Like the venue, it lowers a larger one to `most` without an error."""
    text = request.args.get(parameter, str(most))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise RefusedRequest("INVALID_REQUEST_ERROR")
    return min(int(text), most)
