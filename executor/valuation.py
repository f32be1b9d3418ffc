"""The account's value in one currency: positions at their marks, cash at its rate. Computed here alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import NamedTuple, cast

from common import wire
from common.answers import CashValue, MarkSource, PositionValue, Unpriced, Valuation, ValuationSummary
from common.decimals import tidy
from executor import account as accounts
from executor.account import COST_STEP, Balances, Entry
from executor.orders import PRECISION

ZERO = Decimal(0)
TRUSTED_SECONDS = 60.0
"""A mark that is older tells no equity that the account may buy on, unless the venue itself says that it is closed."""
GONE = ("delisted", "renamed")


class Mark(NamedTuple):
    """The price at which a position is valued.

    symbol, base_asset, quote_currency: the instrument.
    price: per unit of the base asset, in the quote currency; above 0.
    source: how the price was found.
    age_seconds: the age of the quote.
    stale: true when market data calls the quote stale.
    closed: true while the venue itself says that the symbol is not traded now, so that an old quote is as it should be.
    kept: true when there is no quote any more, and this is the last mark that there was.
    """

    symbol: str
    base_asset: str
    quote_currency: str
    price: Decimal
    source: MarkSource
    age_seconds: float
    stale: bool
    closed: bool = False
    kept: bool = False


@dataclass(frozen=True)
class Marks:
    """All marks of one moment.

    by_symbol: the marks.
    absence: the reason why any other symbol has none, for people.
    """

    by_symbol: Mapping[str, Mark]
    absence: str = "no quote"


def mark_of(quote: wire.Quote, instrument: wire.Instrument, age: float) -> Mark | None:
    """Returns the mark that a quote tells; None when it tells none. `age` is that of the quote, in seconds.

    It is the middle of bid and ask. Where one of them is missing, a position is worth no more than what the other one
    and the last trade both say: a lone bid alone tells what it can be sold for, a lone ask alone tells nothing.
    """
    found = _price(*(None if price is None or price <= 0 else price for price in (quote.bid, quote.ask, quote.last)))
    if found is None:
        return None
    about = (quote.symbol, instrument.base_asset, instrument.quote_currency)
    closed = quote.phase != "continuous" and instrument.state not in GONE
    return Mark(*about, *found, age, quote.stale, closed)


def _price(bid: Decimal | None, ask: Decimal | None, last: Decimal | None) -> tuple[Decimal, MarkSource] | None:
    if bid is not None and ask is not None:
        return (bid + ask) / 2, "mid"
    if last is None:
        return None if bid is None else (bid, "bid")
    lone, source = (ask, "ask") if bid is None else (bid, "bid")
    return (last, "last") if lone is None or last <= lone else (lone, cast(MarkSource, source))


def pair(marks: Iterable[Mark], unit: str, currency: str) -> Mark | None:
    """Returns the mark of the pair of two currencies, a fresh one before a stale one; None without any."""
    pairs = [mark for mark in marks if {mark.base_asset, mark.quote_currency} == {unit, currency}]
    return min(pairs, key=lambda mark: (mark.stale, mark.symbol), default=None)


def value(
    account: wire.Account, balances: Balances, marks: Marks, *, currency: str, market: wire.Market, at: datetime
) -> Valuation:
    """Returns the account, whose balances these are, at the marks of the time `at`.

    The equity is cash and positions. Gross exposure is the sum of |quantity · mark|, net exposure of quantity · mark.
    Everything is converted at the present rate. A position in an asset that is cash too counts as cash alone.
    Amounts are rounded to 12 decimals.
    """
    with localcontext(prec=PRECISION):
        prices = _Prices(marks, currency)
        rows = tuple(_position(position, balances, prices) for position in accounts.positions(balances))
        cash = {
            unit: CashValue(
                amount=amount, reserved=account.reserved.get(unit, ZERO), value=prices.convert(amount, unit)
            )
            for unit, amount in sorted(account.cash.items())
        }
        fees = _total(prices.convert(amount, entry.unit) for entry, amount in balances.items() if entry.name == "fees")
        summary = _summary(account, rows, cash, fees, prices)
    return Valuation(
        market=market,
        account=account.account,
        sequence=account.sequence,
        valued_at=at,
        summary=summary,
        positions=rows,
        cash=cash,
    )


def doubts(account: wire.Account, balances: Balances, marks: Marks, currency: str) -> dict[str, float | None]:
    """Returns what keeps the equity from being relied on: symbols and currencies, with the age of their last mark.

    An age is in seconds, None where there never was a mark. It is empty when everything that is held has a good mark.
    """
    prices = _Prices(marks, currency)
    for position in accounts.positions(balances):
        if position.quantity and position.base_asset not in account.cash:
            prices.mark(position.symbol)
            prices.rate(position.quote_currency)
    for unit, amount in account.cash.items():
        if amount:
            prices.rate(unit)
    return prices.doubts


class _Prices:
    """The marks and rates of one valuation. It remembers what it used and what it could not price."""

    def __init__(self, marks: Marks, currency: str) -> None:
        self.currency = currency
        self.doubts: dict[str, float | None] = {}
        self.oldest: float | None = None
        self._marks = marks
        self._reasons: dict[str, str] = {}

    def mark(self, symbol: str) -> Mark | None:
        """Returns the symbol's mark."""
        found = self._marks.by_symbol.get(symbol)
        if found is None:
            self._reasons[symbol], self.doubts[symbol] = self._marks.absence, None
        return self._used(found)

    def rate(self, unit: str) -> tuple[Decimal, bool] | None:
        """Returns what one unit is worth, and whether that is from a stale quote; None without a pair of the two."""
        if unit == self.currency:
            return Decimal(1), False
        found = self._used(pair(self._marks.by_symbol.values(), unit, self.currency))
        if found is None:
            self._reasons[unit], self.doubts[unit] = f"no rate to {self.currency}: {self._marks.absence}", None
            return None
        return found.price if found.base_asset == unit else 1 / found.price, found.stale

    def convert(self, amount: Decimal, unit: str) -> Decimal | None:
        """Returns an amount in the valuation's currency; None without a rate. An amount of 0 needs no rate."""
        if not amount:
            return ZERO
        rate = self.rate(unit)
        return None if rate is None else _rounded(amount * rate[0])

    def unpriced(self) -> tuple[Unpriced, ...]:
        """Returns the symbols and currencies that had no price or a stale one."""
        return tuple(Unpriced(symbol=symbol, reason=self._reasons[symbol]) for symbol in sorted(self._reasons))

    def _used(self, mark: Mark | None) -> Mark | None:
        if mark is not None:
            self.oldest = max(self.oldest or 0.0, mark.age_seconds)
            if mark.kept:
                self._reasons[mark.symbol] = f"{self._marks.absence}; the last mark is {mark.age_seconds:.1f} s old"
            elif mark.stale:
                self._reasons[mark.symbol] = f"the quote is stale, {mark.age_seconds:.1f} s old"
            if mark.age_seconds > TRUSTED_SECONDS and not mark.closed:
                self.doubts[mark.symbol] = mark.age_seconds
        return mark


def _position(position: wire.Position, balances: Balances, prices: _Prices) -> PositionValue:
    quote = position.quote_currency
    mark = prices.mark(position.symbol) if position.quantity else None
    worth = position.quantity * mark.price if mark else None
    if not position.quantity:
        worth = ZERO
    cost = balances.get(Entry("cost", position.symbol, quote), ZERO)
    rate = prices.rate(quote) if mark else None
    return PositionValue(
        symbol=position.symbol,
        base_asset=position.base_asset,
        quote_currency=quote,
        quantity=position.quantity,
        average_cost=position.average_cost,
        mark=mark.price if mark else None,
        mark_source=mark.source if mark else None,
        mark_age_seconds=mark.age_seconds if mark else None,
        stale=bool(mark and (mark.stale or (rate and rate[1]))),
        value=None if worth is None else prices.convert(worth, quote),
        unrealised_pnl=None if worth is None else prices.convert(worth - cost, quote),
        realised_pnl=prices.convert(position.realised_pnl, quote),
        fees=prices.convert(position.fees, quote),
    )


def _summary(
    account: wire.Account,
    rows: Sequence[PositionValue],
    cash: Mapping[str, CashValue],
    fees: Decimal | None,
    prices: _Prices,
) -> ValuationSummary:
    owned = [row.value for row in rows if row.base_asset not in cash]
    unpriced = prices.unpriced()
    return ValuationSummary(
        currency=prices.currency,
        equity=_total([*owned, *(balance.value for balance in cash.values())]),
        gross_exposure=_total(row.value and abs(row.value) for row in rows),
        net_exposure=_total(row.value for row in rows),
        realised_pnl=_total(row.realised_pnl for row in rows),
        unrealised_pnl=_total(row.unrealised_pnl for row in rows),
        fees=fees,
        open_orders=account.open_orders,
        oldest_quote_age_seconds=prices.oldest,
        priced=not unpriced,
        unpriced=unpriced,
    )


def _total(values: Iterable[Decimal | None]) -> Decimal | None:
    """Returns the sum; None as soon as one of the values is unknown."""
    result = ZERO
    for each in values:
        if each is None:
            return None
        result += each
    return tidy(result)


def _rounded(amount: Decimal) -> Decimal:
    return tidy(amount.quantize(COST_STEP, ROUND_HALF_EVEN))
