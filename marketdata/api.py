"""The HTTP calls under /v1: quotes, books, trades, candles, status, feeds, instruments, and the stream."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Mapping, Sequence

from flask import Blueprint, Response, request

from common import wire
from common.errors import Unavailable
from common.ops import answer
from marketdata import lookup
from marketdata.state.book import MOST_LEVELS
from marketdata.state.candles import Resolution
from marketdata.state.selection import Selection
from marketdata.state.store import Store
from marketdata.state.trades import MOST_TRADES
from marketdata.stream.publisher import Instruments
from marketdata.stream.streams import Streams

DEFAULT_DEPTH, DEFAULT_TRADES, DEFAULT_CANDLES = 20, 50, 120
SEND_BUFFER_BYTES = 64 * 1024

Candles = Callable[[str, Resolution, int], Sequence[wire.Candle]]
Feeds = Callable[[], Sequence[Mapping[str, object]]]


def routes(store: Store, streams: Streams, *, instruments: Instruments, candles: Candles, feeds: Feeds) -> Blueprint:
    """`instruments()` gives what the venues trade, by symbol, empty while that is not known yet; `candles` the newest
    bars of a symbol, oldest first; `feeds()` how each venue's feed does."""
    api = Blueprint("v1", __name__, url_prefix="/v1")
    _reference(api, store, instruments, feeds)
    _prices(api, store, instruments)
    _history(api, store, candles)

    @api.get("/stream")
    def stream() -> Response:
        """Server-Sent Events; 503 when every place is taken."""
        wanted = Selection(
            query.symbols(request.args, store.symbols),
            query.kinds(request.args),
            query.count(request.args, "depth", DEFAULT_DEPTH, MOST_LEVELS),
        )
        return _streamed(streams, wanted)

    return api


def _reference(api: Blueprint, store: Store, instruments: Instruments, feeds: Feeds) -> None:
    @api.get("/instruments")
    def all_instruments() -> Response:
        """503 until a venue told what it trades: an empty list would say that it trades nothing."""
        known = _loaded(instruments())
        return answer({"market": store.market, "instruments": list(known.values())})

    @api.get("/feeds")
    def all_feeds() -> Response:
        known = feeds()
        return _fresh(store, _digest(known), 0.0, {"market": store.market, "feeds": known})

    @api.get("/status/<symbol>")
    def status(symbol: str) -> Response:
        quote = store.quote(query.known(symbol, store.symbols))
        now, auction = store.status(symbol), store.auction(symbol)
        sequence = max(now.sequence, auction.sequence)
        body = {
            "market": store.market,
            "symbol": symbol,
            "sequence": sequence,
            "age_seconds": quote.age_seconds,
            "stale": quote.stale,
            "status": now,
            "auction": auction,
        }
        return _fresh(store, _tag(sequence, quote.stale), quote.age_seconds, body)


def _prices(api: Blueprint, store: Store, instruments: Instruments) -> None:
    @api.get("/quotes")
    def all_quotes() -> Response:
        """The age in the header is the oldest quote's."""
        sequence, quotes = store.quotes(store.symbols)
        body = {"market": store.market, "sequence": sequence, "quotes": quotes}
        oldest = max(quote.age_seconds for quote in quotes)
        return _fresh(store, str(max(quote.sequence for quote in quotes)), oldest, body)

    @api.get("/quotes/<symbol>")
    def one_quote(symbol: str) -> Response:
        quote = store.quote(query.known(symbol, store.symbols))
        return _fresh(store, _tag(quote.sequence, quote.stale), quote.age_seconds, quote)

    @api.get("/books/<symbol>")
    def one_book(symbol: str) -> Response:
        query.known(symbol, store.symbols)
        depth = query.count(request.args, "depth", DEFAULT_DEPTH, MOST_LEVELS)
        known = _loaded(instruments())
        if symbol not in known:
            raise Unavailable(f"the venue does not trade {symbol}", symbol=symbol)
        book = store.book(symbol, depth, known[symbol])
        return _fresh(store, _tag(book.sequence, book.stale), book.age_seconds, book)


def _history(api: Blueprint, store: Store, candles: Candles) -> None:
    @api.get("/trades/<symbol>")
    def trades(symbol: str) -> Response:
        query.known(symbol, store.symbols)
        body = store.trades(symbol, query.count(request.args, "limit", DEFAULT_TRADES, MOST_TRADES))
        return _fresh(store, _tag(body.sequence, body.stale), body.age_seconds, body)

    @api.get("/candles/<symbol>")
    def bars(symbol: str) -> Response:
        query.known(symbol, store.symbols)
        resolution = query.resolution(request.args)
        limit = query.count(request.args, "limit", DEFAULT_CANDLES, query.MOST_CANDLES[resolution])
        found = candles(symbol, resolution, limit)
        age, stale = store.trades_age(symbol)
        body = {
            "market": store.market,
            "symbol": symbol,
            "resolution": resolution,
            "age_seconds": age,
            "stale": stale,
            "candles": found,
        }
        return _fresh(store, f"{_digest(found)}-{stale:d}", age, body)


def _fresh(store: Store, tag: str, age: float, body: object) -> Response:
    """The body, or 304 without it for who has it but for its age; the data's age in seconds is a header of both."""
    tag = f"{store.epoch}-{tag}"
    response = Response(status=304) if request.if_none_match.contains_weak(tag) else answer(body)
    response.set_etag(tag, weak=True)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Spark-Age-Seconds"] = f"{age:.3f}"
    return response


def _tag(sequence: int, stale: bool) -> str:
    return f"{sequence}-{stale:d}"


def _digest(content: object) -> str:
    """For what has no sequence of its own."""
    return hashlib.blake2b(wire.encode(content), digest_size=8).hexdigest()


def _loaded(known: Mapping[str, wire.Instrument]) -> Mapping[str, wire.Instrument]:
    if not known:
        raise Unavailable("the venue has not told yet what it trades; /readyz has the reason")
    return known


def _streamed(streams: Streams, wanted: Selection) -> Response:
    leave = streams.enter()
    _bound_sending(streams.send_seconds)
    events = streams.events(wanted, request.headers.get("Last-Event-ID", ""))
    response = Response(events, content_type="text/event-stream")
    response.call_on_close(leave)
    return response


def _bound_sending(seconds: float) -> None:
    """A client that stops reading must not hold its thread for ever, and one that is slow must not be sent what waited
    long in buffers; the HTTP server hands its socket over for this."""
    connection = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(seconds)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
