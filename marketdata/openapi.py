"""Market data's calls, for its OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence

from common import answers, openapi, wire
from common.openapi import SCHEMAS, TEXT, Api, Call, Found, Schema
from marketdata import examples
from marketdata.messages import (
    CandleList,
    FeedList,
    FeedRow,
    FollowedSymbols,
    FollowedVenue,
    StreamGap,
    StreamSnapshot,
    SymbolStatusAnswer,
)
from marketdata.state.bars import MOST_BARS, RESOLUTIONS
from marketdata.state.book import MOST_LEVELS
from marketdata.state.reader import TradeList
from marketdata.state.selection import KINDS, PROOF
from marketdata.state.trades import MOST_TRADES
from marketdata.venues.algolab.login_api import MOST_DIGITS, Code
from marketdata.venues.algolab.session import SessionStatus

DEFAULT_DEPTH, DEFAULT_TRADES, DEFAULT_CANDLES = 20, 50, 120
_ERRORS = {
    "400": "The request can't be read as HTTP",
    "401": "The operator's token is missing or wrong",
    "404": "There is no such symbol or feed, or it is not followed",
    "409": "The step does not fit the session's state, the broker refused it, or the symbol can't be changed",
    "413": "The body is larger than 64 KiB",
    "422": "A field is wrong, or the call has no such query parameter; `details.field` names it",
    "429": "Every stream is taken; Retry-After tells when to ask again",
    "503": "It is not known yet, or the broker gives no usable answer; ask again",
}


def _up_to(most: int, default: int, description: str = "") -> Schema:
    about = {"description": description} if description else {}
    return {"type": "integer", "minimum": 1, "maximum": most, "default": default, **about}


_DEPTH = _up_to(MOST_LEVELS, DEFAULT_DEPTH)
_CANDLES = {
    "resolution": TEXT | {"enum": list(RESOLUTIONS), "default": RESOLUTIONS[0]},
    "limit": _up_to(
        max(MOST_BARS.values()),
        DEFAULT_CANDLES,
        "at most " + ", ".join(f"{most} bars of {resolution}" for resolution, most in MOST_BARS.items()),
    ),
}
_STREAM = {
    "symbols": TEXT | {"description": "symbols with commas between them; all by default"},
    "kinds": TEXT
    | {"description": f"some of {', '.join((*KINDS, PROOF))} with commas between them", "default": "quote"},
    "depth": _DEPTH,
}
_STREAM_EVENTS = (
    "Server-Sent Events without end: first snapshot (StreamSnapshot), or resumed (Resumed) when Last-Event-ID names an "
    "event of this run of the service; then quote (Quote), book (Book), status (Status), auction (Auction) and "
    "instrument (Instrument) with the latest state, trade (Trade) for every trade, and gap (StreamGap) when trades "
    "were gone before this client saw them, unfollowed (Unfollowed) when a symbol was removed. For a client that names "
    "the kind proof, proof (Proof) twice a second: the ages of the books that it was told. The id of an event is "
    "`<epoch>-<sequence>`. A comment comes every 5 s."
)

_INSTRUMENTS: Found = {"200": (answers.Instruments, "Everything that is traded")}
_QUOTES: Found = {"200": (answers.Quotes, "All of them; the age in the header is the oldest one's")}
_QUOTE: Found = {"200": (wire.Quote, "The quote; a stale one keeps its last values")}
_BOOK: Found = {"200": (wire.Book, "The best levels of each side")}
_TRADES: Found = {"200": (TradeList, "The latest trades, newest first")}
_BARS: Found = {"200": (CandleList, "The newest bars, oldest first")}
_STATUS: Found = {"200": (SymbolStatusAnswer, "Phase, reference price, limits and auction")}
_CLOCK: Found = {"200": (answers.ProofClock, "The present moment")}
_FEEDS: Found = {"200": (FeedList, "One row for each venue")}
_FEED: Found = {"200": (FeedRow, "The feed's row")}
_FOLLOWED: Found = {"200": (FollowedSymbols, "One row for each venue")}
_CHANGED: Found = {"200": (FollowedVenue, "The symbols of the venue that are followed now")}
_SESSION: Found = {"200": (SessionStatus, "The session, without its secret")}

_CALLS = (
    Call("get /v1/instruments", "listInstruments", "Everything that is traded", _INSTRUMENTS, "503"),
    Call("get /v1/quotes", "listQuotes", "Every quote", _QUOTES, tagged=True),
    Call("get /v1/quotes/{symbol}", "readQuote", "One quote", _QUOTE, "404", tagged=True),
    Call("get /v1/books/{symbol}", "readBook", "A book", _BOOK, "404 409 503", queries={"depth": _DEPTH}, tagged=True),
    Call(
        "get /v1/trades/{symbol}",
        "listTrades",
        "The latest trades",
        _TRADES,
        "404",
        queries={"limit": _up_to(MOST_TRADES, DEFAULT_TRADES)},
        tagged=True,
    ),
    Call("get /v1/candles/{symbol}", "listCandles", "Bars", _BARS, "404", queries=_CANDLES, tagged=True),
    Call("get /v1/status/{symbol}", "readStatus", "The trading status", _STATUS, "404", tagged=True),
    Call("get /v1/clock", "readClock", "The clock that proofs are told by", _CLOCK),
    Call("get /v1/feeds", "listFeeds", "The state of each feed", _FEEDS, tagged=True),
    Call(
        "get /v1/stream",
        "streamEvents",
        "Everything as it changes, without end",
        failures="404 429",
        queries=_STREAM,
        stream=_STREAM_EVENTS,
        stream_example=examples.stream(),
    ),
    Call("post /v1/feeds/{venue}/resume", "resumeFeed", "Dial a feed at once that stopped or waits", _FEED, "404"),
    Call("get /v1/followed", "listFollowed", "The symbols that are followed", _FOLLOWED),
    Call("put /v1/followed/{instrument}", "follow", "Begin to follow a symbol", _CHANGED, "404 409 503"),
    Call("delete /v1/followed/{instrument}", "unfollow", "End to follow a symbol", _CHANGED, "404 409 503"),
    Call("get /v1/feeds/BIST/session", "readSession", "The broker's session", _SESSION, "404"),
    Call("post /v1/feeds/BIST/login", "login", "Step 1 of a login: have a code sent", _SESSION, "404 409 503"),
    Call("post /v1/feeds/BIST/sms", "confirmLogin", "Step 2: hand the code in", _SESSION, "404 409 503", body=Code),
)


def document(version: str, symbols: Sequence[str]) -> Schema:
    """Returns the whole document; `version` is the software's, `symbols` are those that are followed."""

    def refine(schemas: dict[str, Schema]) -> None:
        schemas["Code"]["properties"]["code"] |= {"pattern": rf"^\s*[0-9]{{1,{MOST_DIGITS}}}\s*$"}
        schemas["Symbol"] = TEXT | {"enum": list(symbols), "examples": [symbols[0]]}

    api = Api(
        title="Spark market data",
        description="Quotes, books, trades and bars with their age. Amounts are decimals in strings, in plain digits.",
        calls=_CALLS,
        errors=_ERRORS,
        of_every_call=frozenset({"400", "422"}),
        of_every_write=frozenset({"401", "413"}),
        in_path={
            "symbol": {"$ref": f"{SCHEMAS}Symbol"},
            "instrument": TEXT | {"maxLength": 64, "examples": ["BTCTURK:SOLTRY"]},
            "venue": TEXT | {"enum": sorted({symbol.partition(":")[0] for symbol in symbols})},
        },
        further=(
            StreamSnapshot,
            answers.Resumed,
            answers.Unfollowed,
            answers.Proof,
            StreamGap,
            wire.Trade,
            wire.Status,
            wire.Auction,
        ),
        examples=examples.EXAMPLES,
        refusals=examples.REFUSALS,
        refine=refine,
    )
    return openapi.document(api, version)
