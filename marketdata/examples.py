"""Examples of market data's answers, for its OpenAPI document: each is a real message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from common import answers, sse, wire
from common.errors import InvalidRequest, NotFound, TooManyStreams, Unauthorized, Unavailable, error_body
from marketdata.messages import (
    CandleList,
    FeedList,
    FeedRow,
    FollowedSymbols,
    FollowedVenue,
    SafetyNetRow,
    StreamGap,
    StreamSnapshot,
    TapeRow,
)
from marketdata.messages import SymbolStatusAnswer as StatusAnswer
from marketdata.state.bars import Gap
from marketdata.state.reader import TradeList
from marketdata.venues.algolab.login_api import Code
from marketdata.venues.algolab.session import SessionStatus, WrongStep

SYMBOL, SHARE = "BTCTURK:BTCTRY", "BIST:THYAO"
_AT = datetime(2026, 11, 27, 9, 30, 0, 125000, tzinfo=UTC)
_EPOCH, _SEQUENCE = "5f3a90c1", 48213
_ABOUT: dict[str, Any] = {
    "symbol": SYMBOL,
    "market": "simulated",
    "source": "BTCTURK",
    "delayed": False,
    "sequence": _SEQUENCE,
    "received_at": _AT,
}
_OF_SHARE = _ABOUT | {"symbol": SHARE, "source": "BIST"}
_AGE: dict[str, Any] = {"age_seconds": 0.042, "stale": False}

QUOTE = wire.Quote(
    **_ABOUT,
    **_AGE,
    bid=Decimal("4124381"),
    bid_quantity=Decimal("0.0214"),
    ask=Decimal("4125618"),
    ask_quantity=Decimal("0.00000052"),
    last=Decimal("4125000"),
    daily_change_percent=Decimal("-0.31"),
)
BOOK = wire.Book(
    **_ABOUT,
    **_AGE,
    base_asset="BTC",
    quote_currency="TRY",
    bids=(
        wire.Level(price=Decimal("4124381"), quantity=Decimal("0.0214")),
        wire.Level(price=Decimal("4124380"), quantity=Decimal("0.31")),
    ),
    asks=(wire.Level(price=Decimal("4125618"), quantity=Decimal("0.00000052")),),
)
TRADE = wire.Trade(
    **_ABOUT,
    venue_time=_AT - timedelta(milliseconds=61),
    trade_id="638512345678901234",
    price=Decimal("4125000"),
    quantity=Decimal("0.0132"),
    side="buy",
)
STATUS = wire.Status(
    **_OF_SHARE,
    phase="continuous",
    reference_price=Decimal("312.5"),
    floor=Decimal("281.25"),
    ceiling=Decimal("343.75"),
)
AUCTION = wire.Auction(**_OF_SHARE, phase="continuous", price=None, quantity=None)
INSTRUMENT = wire.Instrument(
    symbol=SYMBOL,
    base_asset="BTC",
    quote_currency="TRY",
    tick_size=Decimal(1),
    lot_size=Decimal("0.00000001"),
    min_notional=Decimal("99.91"),
)
CANDLE = wire.Candle(
    start=_AT.replace(second=0, microsecond=0),
    open=Decimal("4123900"),
    high=Decimal("4126010"),
    low=Decimal("4123700"),
    close=Decimal("4125000"),
    volume=Decimal("1.84210035"),
    complete=False,
)
BAR_GAP = Gap(start=CANDLE.start - timedelta(minutes=7), end=CANDLE.start - timedelta(minutes=5, seconds=12))
NET = SafetyNetRow(net="audit", works=True, failures_in_a_row=0, reason="")
FEED = FeedRow(
    venue="BTCTURK",
    state="degraded",
    reason="no fresh book of BTCTURK:ETHTRY (gap)",
    connection="open",
    blocked_until=None,
    last_frame_age_seconds=0.012,
    symbols=5,
    last_data_age_seconds=0.012,
    not_live=("BTCTURK:ETHTRY",),
    faults={"BTCTURK:ETHTRY": "gap"},
    not_trading={"BTCTURK:ETHUSDT": "halted: the venue's status is HALTED"},
    queue_depth=0,
    oddities={"zero_level": 2},
    safety_nets=(NET,),
)
TAPE = TapeRow(recording=True, reason="", dropped=0)
SNAPSHOT = StreamSnapshot(market="simulated", sequence=_SEQUENCE, quotes=(QUOTE,))
RESUMED = answers.Resumed(market="simulated", sequence=_SEQUENCE)
FOLLOWED = FollowedVenue(
    venue="BTCTURK",
    most=400,
    symbols=(SYMBOL, "BTCTURK:SOLTRY"),
    added=("BTCTURK:SOLTRY",),
    removed=("BTCTURK:ETHTRY",),
)
PROOF = answers.Proof(at=91482.25, ages={SYMBOL: 0.042, SHARE: 1.75})
UNFOLLOWED = answers.Unfollowed(symbol="BTCTURK:ETHTRY", sequence=_SEQUENCE)
GAP = StreamGap(symbol=SYMBOL, kind="trade", sequence=_SEQUENCE)

EXAMPLES: tuple[msgspec.Struct, ...] = (
    *(QUOTE, BOOK, SNAPSHOT, RESUMED, GAP, UNFOLLOWED, PROOF, BAR_GAP, FOLLOWED),
    answers.ProofClock(epoch=_EPOCH, at=91482.25),
    FollowedSymbols(market="simulated", venues=(FOLLOWED,)),
    answers.Quotes(market="simulated", sequence=_SEQUENCE, quotes=(QUOTE,)),
    answers.Instruments(market="simulated", instruments=(INSTRUMENT,)),
    TradeList(market="simulated", symbol=SYMBOL, sequence=_SEQUENCE, trades=(TRADE,), **_AGE),
    CandleList(market="simulated", symbol=SYMBOL, resolution="1m", candles=(CANDLE,), gaps=(BAR_GAP,), **_AGE),
    StatusAnswer(market="simulated", symbol=SHARE, sequence=_SEQUENCE, status=STATUS, auction=AUCTION, **_AGE),
    FEED,
    TAPE,
    FeedList(market="simulated", feeds=(FEED,), tape=TAPE),
    SessionStatus(state="SMS_SENT", since=_AT, reason="the broker has sent a code"),
    Code(code="482913"),
)
"""At most one of each kind."""

REFUSALS: dict[str, dict[str, Any]] = {
    "400": error_body("BAD_REQUEST", "the body can't be read: Invalid chunk size"),
    "401": Unauthorized("this needs the operator's token: Authorization: Bearer <token>").to_json(),
    "404": NotFound("there is no symbol 'BTCTURK:NONE'", symbol="BTCTURK:NONE").to_json(),
    "409": WrongStep("no code is awaited: the state is ACTIVE", state="ACTIVE").to_json(),
    "413": error_body("REQUEST_ENTITY_TOO_LARGE", "The data value transmitted exceeds the capacity limit."),
    "422": InvalidRequest("depth", "must be a whole number from 1 to 100, not '0'").to_json(),
    "429": TooManyStreams("all 16 streams are taken: close one, or ask /v1/quotes", limit=16).to_json(),
    "503": Unavailable("the venue has not told its instruments yet; /readyz has the reason").to_json(),
}
"""The body of each failure, by its status."""


def stream() -> str:
    """Returns the beginning of a stream of quotes and trades, as it is sent."""
    chunks = [sse.encode("snapshot", SNAPSHOT, sse.event_id(_SEQUENCE, _EPOCH))]
    for place, (name, body) in enumerate((("quote", QUOTE), ("trade", TRADE)), start=1):
        event = msgspec.structs.replace(body, sequence=_SEQUENCE + place)
        chunks.append(sse.encode(name, event, sse.event_id(_SEQUENCE + place, _EPOCH)))
    return b"".join([*chunks, sse.HEARTBEAT]).decode()
