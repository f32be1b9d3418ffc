"""The answers of one service that another service reads. Each is defined once, here."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from common import wire
from common.results import DayResult as DayResult
from common.results import EquityAnchors as EquityAnchors

TradingState = Literal["ACTIVE", "REDUCING", "HALTED"]
"""ACTIVE: every order may pass. REDUCING: only orders that make a position smaller. HALTED: none."""
MarkSource = Literal["mid", "bid", "ask", "last"]
"""mid: the middle of best bid and best ask. Else the lower one of the last trade and of the lone best bid or ask."""


class Quotes(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/quotes` of marketdata, and the snapshot that begins a stream of quotes.

    market: the market that the quotes are of.
    sequence: the sequence of the newest change in them.
    quotes: one for each symbol.
    """

    market: wire.Market
    sequence: int
    quotes: tuple[wire.Quote, ...]


class Instruments(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/instruments` of marketdata.

    market: the market that they trade on.
    instruments: everything that can be traded.
    """

    market: wire.Market
    instruments: tuple[wire.Instrument, ...]


class Orders(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/orders` of an executor.

    market: the market that they trade on.
    orders: one page of orders, newest first.
    next: the `before` of the next page; None on the last page.
    """

    market: wire.Market
    orders: tuple[wire.Order, ...]
    next: int | None


class Positions(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/positions` of an executor.

    market: the market that they are held on.
    account: the account's name.
    positions: one for each symbol that was ever held.
    """

    market: wire.Market
    account: str
    positions: tuple[wire.Position, ...]


class AccountStatus(wire.Account, frozen=True, kw_only=True):
    """`GET /v1/account` of an executor, and the `account` event of its stream: the account with two more fields.

    market: the market that the account trades on.
    trading_state: the orders that may pass.
    """

    market: wire.Market
    trading_state: TradingState


class OrdersSnapshot(wire.Message, frozen=True, kw_only=True):
    """The `snapshot` event that begins an executor's stream.

    market: the market that they trade on.
    sequence: the ledger's sequence that all of this is as of.
    orders: the open orders, newest first, at most 1000.
    account: the account.
    """

    market: wire.Market
    sequence: int
    orders: tuple[wire.Order, ...]
    account: AccountStatus


class Resumed(wire.Message, frozen=True, kw_only=True):
    """The `resumed` event that begins a stream which goes on where the client's last one ended.

    market: the market that the stream is of.
    sequence: the sequence that the client named; all changes since then follow.
    """

    market: wire.Market
    sequence: int


class Unfollowed(wire.Message, frozen=True, kw_only=True):
    """The `unfollowed` event of market data's stream: a symbol was removed, and nothing more is told of it.

    symbol: the symbol.
    sequence: the sequence of the change.
    """

    symbol: str
    sequence: int


class Proof(wire.Message, frozen=True, kw_only=True):
    """The `proof` event of market data's stream: how old the books are that the client was told before it.

    at: the moment of all ages, in seconds of market data's monotonic clock.
    ages: the seconds since the feed last proved each book, by symbol.
    """

    at: float
    ages: dict[str, float]


class ProofClock(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/clock` of market data: the clock that proofs are told by.

    epoch: names this run of market data: another run has another clock.
    at: the present moment, in seconds of its monotonic clock.
    """

    epoch: str
    at: float


class TradingHold(wire.Message, frozen=True, kw_only=True):
    """One reason why an account may not trade freely.

    code: the guardrail's code, or TRADING_STATE for the operator's own hold.
    state: the state that this hold asks for.
    reason: a sentence for people.
    since: when the hold began, UTC.
    """

    code: str
    state: TradingState
    reason: str
    since: datetime


class TradingStateStatus(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/trading-state` of an executor.

    market: the market that the account trades on.
    state: the strictest state that any hold asks for.
    holds: every hold on the account.
    currency: the currency that the equity is measured in.
    anchors: the equities that losses are measured from; None before the equity was first known.
    """

    market: wire.Market
    state: TradingState
    holds: tuple[TradingHold, ...]
    currency: str
    anchors: EquityAnchors | None


class KillSwitchStatus(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/kill-switch` of an executor.

    market: the market that the account trades on.
    engaged: true when all trading of the account is stopped.
    reason: the reason of that; empty when it is not.
    switches: the reason of every switch that is engaged, by its scope.
    """

    market: wire.Market
    engaged: bool
    reason: str
    switches: dict[str, str]


class Unpriced(wire.Message, frozen=True, kw_only=True):
    """A symbol or currency without a price, or with an old one.

    symbol: the symbol or the currency.
    reason: a sentence for people.
    """

    symbol: str
    reason: str


class PositionValue(wire.Message, frozen=True, kw_only=True):
    """One position at its mark. Amounts are in the valuation's currency where nothing else is said.

    symbol, base_asset, quote_currency: the instrument.
    quantity: in the base asset.
    average_cost: per unit, in the quote currency, fees not included.
    mark: the price per unit in the quote currency; None when there is none.
    mark_source: how the mark was found; None without a mark.
    mark_age_seconds: the age of the quote that the mark is from; None without a mark.
    stale: true when the mark, or the rate of the quote currency, is from a stale quote.
    value: quantity times mark; None without a mark or a rate.
    unrealised_pnl: value less cost; None without a mark or a rate.
    realised_pnl: the gain of what was sold; None without a rate.
    fees: the fees paid; None without a rate.
    """

    symbol: str
    base_asset: str
    quote_currency: str
    quantity: Decimal
    average_cost: Decimal
    mark: Decimal | None
    mark_source: MarkSource | None
    mark_age_seconds: float | None
    stale: bool
    value: Decimal | None
    unrealised_pnl: Decimal | None
    realised_pnl: Decimal | None
    fees: Decimal | None


class CashValue(wire.Message, frozen=True, kw_only=True):
    """The cash of one currency.

    amount: in that currency.
    reserved: the part of it that open orders hold back.
    value: in the valuation's currency; None without a rate.
    """

    amount: Decimal
    reserved: Decimal
    value: Decimal | None


class ValuationSummary(wire.Message, frozen=True, kw_only=True):
    """The account in one line. A sum that a missing price leaves unknown is None, never a smaller number.

    currency: the currency of every amount here.
    equity: cash and positions.
    gross_exposure: the sum of the positions' absolute values.
    net_exposure: the sum of the positions' values.
    realised_pnl: the gain of everything that was sold.
    unrealised_pnl: the gain that the positions would bring at their marks.
    fees: all fees paid.
    open_orders: how many orders are open.
    oldest_quote_age_seconds: the age of the oldest quote used; None when none was used.
    priced: true when everything has a price and none is stale.
    unpriced: everything that keeps `priced` from being true.
    """

    currency: str
    equity: Decimal | None
    gross_exposure: Decimal | None
    net_exposure: Decimal | None
    realised_pnl: Decimal | None
    unrealised_pnl: Decimal | None
    fees: Decimal | None
    open_orders: int
    oldest_quote_age_seconds: float | None
    priced: bool
    unpriced: tuple[Unpriced, ...]


class Valuation(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/valuation` of an executor: the account at the newest marks. It is the only place that computes them.

    market: the market that the account trades on.
    account: the account's name.
    sequence: the ledger's sequence that it is as of.
    valued_at: when the marks were read, UTC.
    summary: the account in one line.
    positions: one for each symbol that was ever held, by symbol.
    cash: by currency.
    day: the day's profit or loss, and the drawdown; None while the equity or what it is measured from is not known.
    """

    market: wire.Market
    account: str
    sequence: int
    valued_at: datetime
    summary: ValuationSummary
    positions: tuple[PositionValue, ...]
    cash: dict[str, CashValue]
    day: DayResult | None = None
