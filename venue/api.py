"""BTCTurk's public REST calls, in the venue's own envelopes and with its own errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request

from common.ops import answer
from venue import gate, rest
from venue.gate import Refused
from venue.market import PairView
from venue.server import VenueServer

MOST_LEVELS, MOST_TRADES, MOST_DAYS = 100, 50, 1_000


def routes(server: VenueServer, clock: Callable[[], float]) -> Blueprint:
    """The calls under `/api/v2`; `clock` gives unix seconds."""
    api = Blueprint("btcturk", __name__, url_prefix="/api/v2")
    gate.install(api, server)
    _about_the_server(api, server, clock)
    _about_pairs(api, server)
    return api


def _about_the_server(api: Blueprint, server: VenueServer, clock: Callable[[], float]) -> None:
    @api.get("/server/ping")
    def ping() -> Response:
        return answer({"pong": True})

    @api.get("/server/time")
    def time() -> Response:
        return answer(rest.server_time(clock()))

    @api.get("/server/exchangeinfo")
    def exchangeinfo() -> Response:
        response = _data(rest.exchange_info([view.spec for view in server.views.values()], clock()))
        response.headers["Cache-Control"] = "max-age=30"
        return response


def _about_pairs(api: Blueprint, server: VenueServer) -> None:
    @api.get("/ticker")
    def ticker() -> Response:
        """Every pair, or the one asked for; an unknown one is an empty list, not an error."""
        wanted = _pair_name()
        return _data([row for row in _ticker_rows(server) if wanted in ("", row["pair"])])

    @api.get("/ticker/currency", endpoint="ticker_currency")
    def ticker_currency() -> Response:
        """Every pair that has the currency on either side."""
        wanted = request.args.get("symbol", "").upper()
        return _data(
            [row for row in _ticker_rows(server) if wanted in (row["numeratorSymbol"], row["denominatorSymbol"])]
        )

    @api.get("/orderbook")
    def orderbook() -> Response:
        return _data(rest.order_book(_known_pair(server.views), _count("limit", MOST_LEVELS)))

    @api.get("/trades")
    def trades() -> Response:
        view = _known_pair(server.views)
        newest_first = view.trades[::-1][: _count("last", MOST_TRADES)]
        return _data([rest.trade_row(view.spec, trade) for trade in newest_first])

    @api.get("/ohlc")
    def ohlc() -> Response:
        """The last days, oldest first."""
        view, days = _known_pair(server.views), _count("last", MOST_DAYS)
        bars = server.charts[view.spec.name].bars("1D", 0, int(view.at), view.candles)[-days:]
        return _data([rest.day_row(view.spec, bar, milliseconds=True) for bar in bars])


def _ticker_rows(server: VenueServer) -> list[dict[str, Any]]:
    return [rest.ticker_row(view, order) for order, view in enumerate(server.views.values(), start=1)]


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
