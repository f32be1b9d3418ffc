"""The calls of BTCTurk's chart host: bare bodies without an envelope, times in unix seconds."""

from __future__ import annotations

from types import MappingProxyType

from flask import Blueprint, Response, request

from common import query
from common.ops import answer
from venue.btcturk import answers, middleware
from venue.btcturk.bars import RESOLUTIONS
from venue.btcturk.middleware import RefusedRequest, pair_name
from venue.btcturk.server import BtcturkServer

_SPELLINGS = MappingProxyType(
    {
        **{name: name for name in RESOLUTIONS},
        **dict.fromkeys(("D", "1 D", "1 DAY", "1440"), "1D"),
        **dict.fromkeys(("W", "1 W", "1 WEEK"), "1W"),
        **dict.fromkeys(("M", "1 M", "1 MONTH"), "1M"),
    }
)
LONGEST = 13
"""A time of so many digits is refused."""


def routes(server: BtcturkServer) -> Blueprint:
    """Returns the calls under `/v1`. A range without an end ends now."""
    graph = Blueprint("graph", __name__, url_prefix="/v1")
    middleware.install(graph, server, graph=True)

    def asked_range() -> tuple[int, int]:
        return _seconds("from", 0), _seconds("to", int(server.clock.unix()))

    @graph.get("/ohlcs")
    @query.takes(query.ANYTHING)
    def ohlcs() -> Response:
        """Answers the bars of days, of one pair or of all, oldest first. An unknown pair has none."""
        wanted, (start, end) = pair_name("pair"), asked_range()
        views = [view for name, view in server.views.items() if wanted in ("", name)]
        found = [
            answers.day_row(view.spec, bar)
            for view in views
            for bar in server.charts[view.spec.name].bars("1D", start, end, view.candles)
        ]
        return answer(found)

    @graph.get("/klines/history")
    @query.takes(query.ANYTHING)
    def klines() -> Response:
        """Answers one pair's bars of a resolution, in columns."""
        view, (start, end) = server.views.get(pair_name("symbol")), asked_range()
        resolution = _SPELLINGS.get(request.args.get("resolution", "").upper())
        if view is None or resolution is None:
            raise RefusedRequest("INVALID_REQUEST_ERROR")
        bars = server.charts[view.spec.name].bars(resolution, start, end, view.candles)
        return answer(answers.udf(view.spec, bars))

    return graph


def _seconds(parameter: str, default: int) -> int:
    text = request.args.get(parameter, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < LONGEST):
        raise RefusedRequest("INVALID_REQUEST_ERROR")
    return int(text)
