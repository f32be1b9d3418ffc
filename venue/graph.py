"""The calls of BTCTurk's chart host: bare bodies without an envelope, times in unix seconds."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from flask import Blueprint, Response, request

from common.ops import answer
from venue import gate, rest
from venue.bars import RESOLUTIONS
from venue.gate import Refused
from venue.server import VenueServer

_SPELLINGS = MappingProxyType(
    {
        **{name: name for name in RESOLUTIONS},
        **dict.fromkeys(("D", "1 D", "1 DAY", "1440"), "1D"),
        **dict.fromkeys(("W", "1 W", "1 WEEK"), "1W"),
        **dict.fromkeys(("M", "1 M", "1 MONTH"), "1M"),
    }
)
LATEST = 2**40


def routes(server: VenueServer, clock: Callable[[], float]) -> Blueprint:
    """The calls under `/v1`; `clock` gives unix seconds, the default end of a range."""
    graph = Blueprint("graph", __name__, url_prefix="/v1")
    gate.install(graph, server, graph=True)

    @graph.get("/ohlcs")
    def ohlcs() -> Response:
        """Bars of days, of one pair or of all, oldest first; an unknown pair has none."""
        wanted, (start, end) = _pair("pair"), _range(clock)
        views = [view for name, view in server.views.items() if wanted in ("", name)]
        found = [
            rest.day_row(view.spec, bar)
            for view in views
            for bar in server.charts[view.spec.name].bars("1D", start, end, view.candles)
        ]
        return answer(found)

    @graph.get("/klines/history")
    def klines() -> Response:
        view, (start, end) = server.views.get(_pair("symbol")), _range(clock)
        resolution = _SPELLINGS.get(request.args.get("resolution", "").upper())
        if view is None or resolution is None:
            raise Refused("INVALID_REQUEST_ERROR")
        bars = server.charts[view.spec.name].bars(resolution, start, end, view.candles)
        return answer(rest.udf(view.spec, bars))

    return graph


def _pair(parameter: str) -> str:
    return request.args.get(parameter, "").upper().replace("_", "")


def _range(clock: Callable[[], float]) -> tuple[int, int]:
    return _seconds("from", 0), _seconds("to", int(clock()))


def _seconds(parameter: str, default: int) -> int:
    text = request.args.get(parameter, str(default))
    if not (text.isascii() and text.isdigit() and int(text) < LATEST):
        raise Refused("INVALID_REQUEST_ERROR")
    return int(text)
