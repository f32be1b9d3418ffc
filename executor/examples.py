"""Examples of the executor's messages, for its OpenAPI document: each is one that could be sent. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from common import answers, wire
from common.errors import InvalidRequest, Unauthorized, error_body
from common.results import DayResult, EquityAnchors
from executor.adjustment_messages import CashTransfer, TransferRequest, WriteOff, WriteOffRequest
from executor.batch_messages import BatchAnswers, BatchedOrder, BatchRequest
from executor.errors import LedgerUnavailable, NotFree, UnknownSymbol
from executor.guardrails.limits import LimitsChange
from executor.listing_messages import Fills, ListedFill
from executor.messages import (
    CancelAllRequest,
    CancelledOrders,
    Events,
    KillSwitchRequest,
    LimitsRequest,
    RecordedEvent,
    Reversal,
    ReversalRequest,
    TradingStateRequest,
)
from executor.orders import ReplaceRequest
from executor.preview_messages import GuardrailUse, Preview, PreviewRequest, Slippage
from executor.rates import ITSELF

SYMBOL = "BTCTURK:BTCTRY"
_AT = datetime(2026, 11, 27, 9, 30, 0, 125000, tzinfo=UTC)
_OWN: dict[str, Any] = {"market": "simulated", "account": "paper"}
_REQUEST = wire.OrderRequest(
    client_order_id="grid-17",
    symbol=SYMBOL,
    side="buy",
    type="limit",
    quantity=Decimal("0.5"),
    limit_price=Decimal(100),
)
_FILL = wire.Fill(
    trade_id="paper-42-1", price=Decimal("99.9"), quantity=Decimal("0.5"), fee=Decimal("0.05994"), filled_at=_AT
)
_ORDER = wire.Order(
    order_id="paper-42",
    client_order_id="grid-17",
    account="paper",
    symbol=SYMBOL,
    side="buy",
    type="limit",
    time_in_force="GTC",
    quantity=Decimal("0.5"),
    limit_price=Decimal(100),
    status="filled",
    filled_quantity=Decimal("0.5"),
    average_price=Decimal("99.9"),
    fees=Decimal("0.05994"),
    denials=(),
    fills=(_FILL,),
    received_at=_AT,
    updated_at=_AT,
    sequence=44,
)
_TRANSFER = TransferRequest(client_key="november-1", currency="TRY", amount=Decimal(1000), reason="more to trade with")
_WRITE_OFF = WriteOffRequest(client_key="dust-1", symbol=SYMBOL, reason="the venue delisted it")
_LISTED = ListedFill(
    sequence=44,
    trade_id="paper-42-1",
    order_id="paper-42",
    symbol=SYMBOL,
    side="buy",
    base_asset="BTC",
    quote_currency="TRY",
    liquidity="taker",
    price=Decimal("99.9"),
    quantity=Decimal("0.5"),
    notional=Decimal("49.95"),
    fee=Decimal("0.05994"),
    realised_pnl=None,
    rate=ITSELF,
    filled_at=_AT,
    reversed_by=None,
)
_PREVIEW = Preview(
    **_OWN,
    sequence=41,
    symbol=SYMBOL,
    side="buy",
    type="limit",
    time_in_force="GTC",
    quantity=Decimal("0.5"),
    limit_price=Decimal(100),
    post_only=False,
    quote_currency="TRY",
    status="filled",
    denials=(),
    repeats=None,
    filled_quantity=Decimal("0.5"),
    resting_quantity=Decimal(0),
    expiring_quantity=Decimal(0),
    notional=Decimal(50),
    value=Decimal("49.95"),
    fee=Decimal("0.05994"),
    average_price=Decimal("99.9"),
    slippage_from_best=Slippage(percent=Decimal(0), bps=Decimal(0)),
    slippage_from_mid=Slippage(percent=Decimal("0.05"), bps=Decimal(5)),
    cash_after={"TRY": Decimal("4999949.99006"), "USDT": Decimal(100000)},
    reserved_after={"TRY": Decimal(0), "USDT": Decimal(0)},
    position_after=Decimal("0.5"),
    reserve=None,
    reserve_unit=None,
    guardrails=(
        GuardrailUse(
            code="MAX_NOTIONAL",
            value=Decimal(50),
            limit=Decimal(500000),
            room=Decimal(499950),
            share=Decimal("0.0001"),
        ),
    ),
    largest_quantity=Decimal(5000),
    quote_age_seconds=0.2,
    book_sequence=48213,
)
_ENDED = RecordedEvent(
    sequence=44,
    kind="ended",
    order_id="paper-42",
    recorded_at=_AT,
    content=msgspec.Raw(b'{"kind":"ended","reason":"asked for by the operator","status":"cancelled"}'),
    hash="9f" * 32,
)
_ACCOUNT = answers.AccountStatus(
    **_OWN,
    trading_state="ACTIVE",
    cash={"TRY": Decimal("4999949.99006"), "USDT": Decimal(100000)},
    reserved={"TRY": Decimal(0), "USDT": Decimal(0)},
    open_orders=0,
    kill_switch=False,
    sequence=44,
)
_POSITION = wire.Position(
    symbol=SYMBOL,
    base_asset="BTC",
    quote_currency="TRY",
    quantity=Decimal("0.5"),
    average_cost=Decimal("99.9"),
    realised_pnl=Decimal(0),
    fees=Decimal("0.05994"),
)
_DAY = DayResult(
    day=date(2026, 11, 27),
    since=_AT,
    start_equity=Decimal(9005000),
    peak=Decimal(9005000),
    pnl=Decimal("-0.05994"),
    pnl_percent=Decimal("-0.000001"),
    drawdown_percent=Decimal("0.000001"),
)
_SUMMARY = answers.ValuationSummary(
    currency="TRY",
    equity=Decimal("9004999.94006"),
    gross_exposure=Decimal("49.95"),
    net_exposure=Decimal("49.95"),
    realised_pnl=Decimal(0),
    unrealised_pnl=Decimal(0),
    fees=Decimal("0.05994"),
    open_orders=0,
    oldest_quote_age_seconds=0.4,
    priced=True,
    unpriced=(),
)
_HOLD = answers.TradingHold(code="TRADING_STATE", state="REDUCING", reason="maintenance of the venue", since=_AT)

EXAMPLES: tuple[msgspec.Struct, ...] = (
    _REQUEST,
    _ORDER,
    answers.Orders(market="simulated", orders=(_ORDER,), next=None),
    ReplaceRequest(client_order_id="grid-18", limit_price=Decimal("99.5")),
    BatchRequest(orders=(_REQUEST,)),
    BatchAnswers(
        market="simulated",
        answers=(
            BatchedOrder(status=201, order=_ORDER),
            BatchedOrder(status=404, error=UnknownSymbol("BTCTURK:NOPE").to_json()["error"]),
        ),
    ),
    PreviewRequest(symbol=SYMBOL, side="buy", type="limit", quantity=Decimal("0.5"), limit_price=Decimal(100)),
    _PREVIEW,
    CancelAllRequest(symbol=SYMBOL),
    CancelledOrders(market="simulated", cancelled=()),
    ReversalRequest(reason="the price was a mistake"),
    Reversal(
        **_OWN,
        order_id="paper-42",
        trade_id="paper-42-1",
        sequence=45,
        reversed_sequence=44,
        reason="the price was a mistake",
        recorded_at=_AT,
    ),
    _TRANSFER,
    CashTransfer(
        **_OWN, direction="deposit", **msgspec.structs.asdict(_TRANSFER), rate=ITSELF, sequence=45, recorded_at=_AT
    ),
    _WRITE_OFF,
    WriteOff(
        **_OWN,
        client_key="dust-1",
        symbol=SYMBOL,
        base_asset="BTC",
        quote_currency="TRY",
        quantity=Decimal("0.5"),
        loss=Decimal("49.95"),
        reason="the venue delisted it",
        sequence=45,
        recorded_at=_AT,
    ),
    Fills(**_OWN, fills=(_LISTED,), next=None),
    Events(**_OWN, events=(_ENDED,), next=43),
    answers.Positions(**_OWN, positions=(_POSITION,)),
    _ACCOUNT,
    answers.Valuation(
        **_OWN,
        sequence=44,
        valued_at=_AT,
        summary=_SUMMARY,
        positions=(),
        cash={"TRY": answers.CashValue(amount=Decimal(5000), reserved=Decimal(0), value=Decimal(5000))},
        day=_DAY,
    ),
    KillSwitchRequest(engaged=True, reason="the venue sends nonsense", scope=SYMBOL),
    answers.KillSwitchStatus(
        market="simulated", engaged=False, reason="", switches={SYMBOL: "the venue sends nonsense"}
    ),
    TradingStateRequest(state="REDUCING", reason="maintenance of the venue"),
    answers.TradingStateStatus(
        market="simulated",
        state="REDUCING",
        holds=(_HOLD,),
        currency="TRY",
        anchors=EquityAnchors(day=date(2026, 11, 27), day_start=Decimal(9005000), peak=Decimal(9005000), since=_AT),
    ),
    LimitsRequest(limits=LimitsChange(max_orders_per_second=50), reason="a calmer day"),
)

REFUSALS = {
    str(error.status): error.to_json()
    for error in (
        Unauthorized("this needs the operator's token: Authorization: Bearer <token>"),
        UnknownSymbol("BTCTURK:NOPE"),
        NotFree("0.4 BTC more would have to be free"),
        InvalidRequest("quantity", "must be a number above 0 and below 10^12"),
        LedgerUnavailable("OperationalError: the connection was closed"),
    )
} | {
    "429": error_body("TOO_MANY_REQUESTS", "the limit is 200 writes per second"),
    "413": error_body("REQUEST_ENTITY_TOO_LARGE", "The data value transmitted exceeds the capacity limit."),
    "400": error_body("BAD_REQUEST", "the body can't be read"),
}
