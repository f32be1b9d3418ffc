"""The HTTP calls under /v1: quotes, books, trades, instruments, and the stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, request

from common import wire
from common.errors import InvalidRequest, NotFound, Unavailable
from common.ops import answer
from marketdata.book import MOST_LEVELS
from marketdata.store import Store
from marketdata.stream import Streams
from marketdata.trades import MOST_TRADES

DEFAULT_DEPTH, DEFAULT_TRADES = 20, 50
SLOW_CLIENT_SECONDS = 15.0

Instruments = Callable[[], Mapping[str, wire.Instrument]]


def routes(store: Store, streams: Streams, instruments: Instruments) -> Blueprint:
    """`instruments()` gives what the venue trades, by symbol; empty while that is not known yet."""
    api = Blueprint("v1", __name__, url_prefix="/v1")

    @api.get("/instruments")
    def all_instruments() -> Response:
        """503 until the venue told what it trades: an empty list would say that it trades nothing."""
        known = _loaded(instruments())
        return answer({"market": store.market, "instruments": list(known.values())})

    @api.get("/quotes")
    def all_quotes() -> Response:
        sequence, quotes = store.quotes(store.symbols)
        return answer({"market": store.market, "sequence": sequence, "quotes": quotes})

    @api.get("/quotes/<symbol>")
    def one_quote(symbol: str) -> Response:
        return answer(store.quote(_known(store, symbol)))

    @api.get("/books/<symbol>")
    def one_book(symbol: str) -> Response:
        _known(store, symbol)
        depth = _count("depth", DEFAULT_DEPTH, MOST_LEVELS)
        known = _loaded(instruments())
        if symbol not in known:
            raise Unavailable(f"the venue does not trade {symbol}", symbol=symbol)
        return answer(store.book(symbol, depth, known[symbol]))

    @api.get("/trades/<symbol>")
    def trades(symbol: str) -> Response:
        _known(store, symbol)
        return answer(store.trades(symbol, _count("limit", DEFAULT_TRADES, MOST_TRADES)))

    @api.get("/stream")
    def stream() -> Response:
        """Server-Sent Events; 503 when every place is taken."""
        return _streamed(streams, _wanted(store))

    return api


def _known(store: Store, symbol: str) -> str:
    if symbol not in store.symbols:
        raise NotFound(
            f"there is no symbol {symbol[:64]!r}: GET /v1/instruments lists the known ones", symbol=symbol[:64]
        )
    return symbol


def _loaded(known: Mapping[str, wire.Instrument]) -> Mapping[str, wire.Instrument]:
    if not known:
        raise Unavailable("the venue has not told yet what it trades; /readyz has the reason")
    return known


def _count(parameter: str, default: int, most: int) -> int:
    text = request.args.get(parameter, str(default))
    if text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most:
        return int(text)
    raise InvalidRequest(parameter, f"must be a whole number from 1 to {most}, not {text[:32]!r}")


def _wanted(store: Store) -> tuple[str, ...]:
    text = request.args.get("symbols")
    if text is None:
        return store.symbols
    names = dict.fromkeys(name.strip() for name in text.split(","))
    if "" in names:
        raise InvalidRequest("symbols", "must be symbols separated by commas, none of them empty")
    return tuple(_known(store, name) for name in names)


def _streamed(streams: Streams, symbols: tuple[str, ...]) -> Response:
    leave = streams.enter()
    _bound_sending()
    response = Response(streams.events(symbols), content_type="text/event-stream")
    response.call_on_close(leave)
    return response


def _bound_sending() -> None:
    """A client that stops reading must not hold its thread for ever; the HTTP server hands its socket over for this."""
    socket = request.environ.get("gunicorn.socket")
    if socket is not None:
        socket.settimeout(SLOW_CLIENT_SECONDS)
