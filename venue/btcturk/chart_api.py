"""The calls of BTCTurk's chart host: bare bodies without an envelope, times in unix seconds."""

from __future__ import annotations

from types import MappingProxyType

from flask import Blueprint, Response, request

from common import query
from common.ops import answer
from venue.btcturk import answers, middleware
from venue.btcturk.bars import RESOLUTIONS, PairBar
from venue.btcturk.middleware import RefusedRequest, pair_name
from venue.btcturk.server import BtcturkServer
from venue.btcturk.views import PairView

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

    def bars_of(endpoint: str, view: PairView, resolution: str) -> list[PairBar]:
        start, end = asked_range()
        found = server.charts[view.spec.name].bars(resolution, start, end, view.candles)
        return _faulty(server, endpoint, view, found)

    @graph.get("/ohlcs")
    @query.takes(query.ANYTHING)
    def ohlcs() -> Response:
        """Answers the bars of days, of one pair or of all, oldest first. An unknown pair has none."""
        wanted = pair_name("pair")
        views = [view for name, view in server.views.items() if wanted in ("", name)]
        found = [answers.day_row(view.spec, bar) for view in views for bar in bars_of("ohlcs", view, "1D")]
        return answer(found)

    @graph.get("/klines/history")
    @query.takes(query.ANYTHING)
    def klines() -> Response:
        """Answers one pair's bars of a resolution, in columns."""
        view = server.views.get(pair_name("symbol"))
        resolution = _SPELLINGS.get(request.args.get("resolution", "").upper())
        if view is None or resolution is None:
            raise RefusedRequest("INVALID_REQUEST_ERROR")
        return answer(answers.udf(view.spec, bars_of("klines", view, resolution)))

    return graph


def _faulty(server: BtcturkServer, endpoint: str, view: PairView, bars: list[PairBar]) -> list[PairBar]:
    """Returns the bars as an answer has them that is late or cut, where such a fault is armed.

    A late answer is as old as it is late: of its last bar it knows the first trade alone.
    """
    late = server.faults.next_chart_fault("late_klines", view.spec.name, endpoint)
    if late is not None:
        bars = [bar for bar in bars if bar.start <= server.clock.unix() - (late.seconds or 0.0)]
        bars[-1:] = [_begun(bar) for bar in bars[-1:]]
    cut = server.faults.next_chart_fault("cut_klines", view.spec.name, endpoint)
    return bars if cut is None else bars[len(bars) - min(cut.bars or 0, len(bars)) :]


def _begun(bar: PairBar) -> PairBar:
    volume = max(bar.volume // 2, 1)
    return PairBar(bar.start, bar.open, bar.open, bar.open, bar.open, volume, volume * bar.open)


def _seconds(parameter: str, default: int) -> int:
    text = request.args.get(parameter, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < LONGEST):
        raise RefusedRequest("INVALID_REQUEST_ERROR")
    return int(text)
