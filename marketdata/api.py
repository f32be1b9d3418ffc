"""The HTTP calls under /v1: quotes, books, trades, candles, status, feeds, instruments, and the stream."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence

from flask import Blueprint, Response, request

from common import VERSION, query, sse, wire
from common.errors import InvalidRequest, NotFound, ServiceError, Unavailable
from common.ops import answer
from marketdata.openapi import DEFAULT_CANDLES, DEFAULT_DEPTH, DEFAULT_TRADES, document
from marketdata.state.bars import MOST_BARS, RESOLUTIONS, Chart, Resolution
from marketdata.state.book import MOST_LEVELS
from marketdata.state.listing import NotFollowed
from marketdata.state.selection import KINDS, PROOF, EventKind, Selection
from marketdata.state.store import Store
from marketdata.state.trades import MOST_TRADES
from marketdata.stream.publisher import Instruments
from marketdata.stream.streams import Streams

LONGEST_SHOWN = 64

Candles = Callable[[str, Resolution, int], Chart]
"""Returns the newest bars of a symbol, and the gaps of the time that they show."""
Feeds = Callable[[], Sequence[Mapping[str, object]]]
"""Returns one row for each venue's feed."""
TapeState = Callable[[], Mapping[str, object] | None]
"""Returns how the tape does; None when nothing is recorded."""


def routes(
    store: Store,
    streams: Streams,
    *,
    instruments: Instruments,
    candles: Candles,
    feeds: Feeds,
    tape: TapeState,
    send_seconds: float = sse.SEND_SECONDS,
) -> Blueprint:
    """Returns the calls. `instruments()` returns everything that is traded, by symbol; nothing while it is not known.

    A client of the stream that takes nothing for `send_seconds` is cut off.
    """
    api = Blueprint("v1", __name__, url_prefix="/v1")
    _reference(api, store, instruments)
    _state(api, store, feeds, tape)
    _prices(api, store, instruments)
    _history(api, store, candles)

    @api.errorhandler(NotFollowed)
    def removed(error: NotFollowed) -> Response:
        """A symbol that was removed while the call went on."""
        found = _not_found(str(error.args[0]))
        return answer(found.to_json(), found.status)

    @api.get("/stream")
    @query.takes("symbols", "kinds", "depth")
    def stream() -> Response:
        """Server-Sent Events; 429 when every slot is taken."""
        kinds, proofs = _kinds()
        wanted = Selection(_symbols(store.symbols), kinds, _depth(), proofs)
        last_event_id = request.headers.get("Last-Event-ID", "")
        return sse.respond(streams.slots, lambda: streams.events(wanted, last_event_id), send_seconds)

    return api


class NotTraded(ServiceError):
    """The venue does not trade a symbol that is followed. It may do so again."""

    status = 409
    code = "NOT_TRADED"
    retryable = True

    def __init__(self, symbol: str) -> None:
        super().__init__(f"the venue does not trade {symbol}", symbol=symbol)


def _reference(api: Blueprint, store: Store, instruments: Instruments) -> None:
    @api.get("/openapi.json")
    def get_document() -> Response:
        return answer(document(VERSION, store.symbols))

    @api.get("/instruments")
    def all_instruments() -> Response:
        """503 until a venue told its instruments: an empty list would mean that nothing is traded."""
        known = _loaded(instruments())
        return answer({"market": store.market, "instruments": list(known.values())})

    @api.get("/status/<symbol>")
    def status(symbol: str) -> Response:
        quote = store.quote(_known(symbol, store.symbols))
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
        return _fresh(store, body, quote.age_seconds, sequence, quote.stale)


def _state(api: Blueprint, store: Store, feeds: Feeds, tape: TapeState) -> None:
    @api.get("/clock")
    def clock() -> Response:
        return answer(store.clock())

    @api.get("/feeds")
    def all_feeds() -> Response:
        known = {"feeds": feeds(), "tape": tape()}
        return _fresh(store, {"market": store.market, **known}, 0.0, _digest(known))


def _prices(api: Blueprint, store: Store, instruments: Instruments) -> None:
    @api.get("/quotes")
    def all_quotes() -> Response:
        """The age in the header is the oldest quote's."""
        sequence, quotes = store.quotes(store.symbols)
        body = {"market": store.market, "sequence": sequence, "quotes": quotes}
        oldest = max(quote.age_seconds for quote in quotes)
        return _fresh(store, body, oldest, max(quote.sequence for quote in quotes))

    @api.get("/quotes/<symbol>")
    def one_quote(symbol: str) -> Response:
        quote = store.quote(_known(symbol, store.symbols))
        return _fresh(store, quote, quote.age_seconds, quote.sequence, quote.stale)

    @api.get("/books/<symbol>")
    @query.takes("depth")
    def one_book(symbol: str) -> Response:
        _known(symbol, store.symbols)
        depth = _depth()
        known = _loaded(instruments())
        if symbol not in known:
            raise NotTraded(symbol)
        book = store.book(symbol, depth, known[symbol])
        return _fresh(store, book, book.age_seconds, book.sequence, book.stale)


def _history(api: Blueprint, store: Store, candles: Candles) -> None:
    @api.get("/trades/<symbol>")
    @query.takes("limit")
    def trades(symbol: str) -> Response:
        _known(symbol, store.symbols)
        body = store.trades(symbol, query.whole("limit", DEFAULT_TRADES, at_most=MOST_TRADES))
        return _fresh(store, body, body.age_seconds, body.sequence, body.stale)

    @api.get("/candles/<symbol>")
    @query.takes("resolution", "limit")
    def bars(symbol: str) -> Response:
        _known(symbol, store.symbols)
        resolution = query.choice("resolution", None, RESOLUTIONS) or RESOLUTIONS[0]
        limit = query.whole("limit", DEFAULT_CANDLES, at_most=MOST_BARS[resolution])
        chart = candles(symbol, resolution, limit)
        age, stale = store.trades_age(symbol)
        body = {
            "market": store.market,
            "symbol": symbol,
            "resolution": resolution,
            "age_seconds": age,
            "stale": stale,
            "candles": chart.candles,
            "gaps": chart.gaps,
        }
        return _fresh(store, body, age, _digest((chart.candles, chart.spans)), stale)


def _known(symbol: str, symbols: Collection[str]) -> str:
    """Returns the symbol itself. Raises `NotFound` when it is none of `symbols`."""
    if symbol not in symbols:
        raise _not_found(symbol)
    return symbol


def _not_found(symbol: str) -> NotFound:
    shown = symbol[:LONGEST_SHOWN]
    return NotFound(f"there is no symbol {shown!r}: GET /v1/instruments lists the known ones", symbol=shown)


def _symbols(all_symbols: tuple[str, ...]) -> tuple[str, ...] | None:
    """Returns the symbols that the request names; None for all that are followed, the default."""
    names = query.names("symbols")
    return None if names is None else tuple(_known(name, all_symbols) for name in names)


def _kinds() -> tuple[tuple[EventKind, ...], bool]:
    """Returns the kinds of event that the request names, quotes alone by default; and true when it names proofs."""
    names, known = query.names("kinds") or ("quote",), (*KINDS, PROOF)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidRequest("kinds", f"must be some of {', '.join(known)}, not {unknown[0][:LONGEST_SHOWN]!r}")
    return tuple(kind for kind in KINDS if kind in names), PROOF in names


def _depth() -> int:
    return query.whole("depth", DEFAULT_DEPTH, at_most=MOST_LEVELS)


def _fresh(store: Store, body: object, age: float, *version: str | int) -> Response:
    """Returns the body, or 304 to a client that has this version of it. A header of both has the age in seconds."""
    tag = "-".join([store.epoch, *(str(part) for part in version)])
    response = Response(status=304) if request.if_none_match.contains_weak(tag) else answer(body)
    response.set_etag(tag, weak=True)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Spark-Age-Seconds"] = f"{age:.3f}"
    return response


def _digest(content: object) -> str:
    """Returns a tag for content that has no sequence of its own."""
    return hashlib.blake2b(wire.encode(content), digest_size=8).hexdigest()


def _loaded(known: Mapping[str, wire.Instrument]) -> Mapping[str, wire.Instrument]:
    if not known:
        raise Unavailable("the venue has not told its instruments yet; /readyz has the reason")
    return known
