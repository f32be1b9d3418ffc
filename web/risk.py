"""What the account is worth and what it risks, in TRY, from its positions, its cash and the quotes at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from common import wire

CURRENCY = "TRY"
VENUE = "BTCTURK"
ZERO = Decimal(0)

MarkSource = Literal["mid", "last"]


class Unpriced(wire.Message, frozen=True, kw_only=True):
    """A symbol without a mark, or with one too old to rely on, and why."""

    symbol: str
    reason: str


class PositionRisk(wire.Message, frozen=True, kw_only=True):
    """One position at its mark. `average_cost` and `mark` are in the quote currency, all else in TRY; null: no mark."""

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


class Cash(wire.Message, frozen=True, kw_only=True):
    """One balance: `amount` and `reserved` in its own unit, `value` in TRY; null: no mark."""

    amount: Decimal
    reserved: Decimal
    value: Decimal | None


class Summary(wire.Message, frozen=True, kw_only=True):
    """The account in one line, in TRY. A sum that a missing mark leaves unknown is null, never a smaller number."""

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


class Report(wire.Message, frozen=True, kw_only=True):
    """The summary and everything behind it."""

    summary: Summary
    positions: tuple[PositionRisk, ...]
    cash: dict[str, Cash]


@dataclass(frozen=True)
class Mark:
    """What one unit is worth, how that was found, and how old it is (seconds)."""

    price: Decimal
    source: MarkSource
    age_seconds: float
    stale: bool


class Marks:
    """Prices from quotes, which remembers what it could not price."""

    def __init__(self, quotes: Iterable[wire.Quote]) -> None:
        self._marks = {quote.symbol: mark for quote in quotes if (mark := mark_of(quote))}
        self._reasons: dict[str, str] = {}

    def of(self, symbol: str) -> Mark | None:
        """The mark of a symbol; a missing or stale one is remembered."""
        mark = self._marks.get(symbol)
        if mark is None:
            self._reasons[symbol] = "no quote"
        elif mark.stale:
            self._reasons[symbol] = f"the quote is stale, {mark.age_seconds:.1f} s old"
        return mark

    def in_try(self, unit: str) -> Mark | None:
        """What one `unit` of a currency or asset is worth in TRY; TRY itself is worth one, always."""
        if unit == CURRENCY:
            return Mark(Decimal(1), "mid", 0.0, stale=False)
        return self.of(f"{VENUE}:{unit}{CURRENCY}")

    def unpriced(self) -> tuple[Unpriced, ...]:
        return tuple(Unpriced(symbol=symbol, reason=self._reasons[symbol]) for symbol in sorted(self._reasons))


def mark_of(quote: wire.Quote) -> Mark | None:
    """The middle of bid and ask, else the last trade, else None."""
    if quote.bid is not None and quote.ask is not None:
        return Mark((quote.bid + quote.ask) / 2, "mid", quote.age_seconds, quote.stale)
    if quote.last is not None:
        return Mark(quote.last, "last", quote.age_seconds, quote.stale)
    return None


def report(
    positions: Iterable[wire.Position],
    cash: Mapping[str, Decimal],
    reserved: Mapping[str, Decimal],
    open_orders: int,
    quotes: Iterable[wire.Quote],
) -> Report:
    """Values the account. Gross exposure is Σ|q·p| over the positions, net Σ q·p; equity is cash plus positions.

    Unrealised P&L is (mark − average cost) · quantity at today's rate of the quote currency; realised P&L and fees are
    converted at the same rate. An asset that the account lists as cash is not counted again as a position.
    """
    quotes = tuple(quotes)
    marks = Marks(quotes)
    rows = tuple(_position(position, marks) for position in sorted(positions, key=lambda each: each.symbol))
    balances = {unit: _cash(unit, amount, reserved.get(unit, ZERO), marks) for unit, amount in sorted(cash.items())}
    owned = [row.value for row in rows if row.base_asset not in cash]
    unpriced = marks.unpriced()
    summary = Summary(
        currency=CURRENCY,
        equity=total([*owned, *(balance.value for balance in balances.values())]),
        gross_exposure=total([row.value and abs(row.value) for row in rows]),
        net_exposure=total([row.value for row in rows]),
        realised_pnl=total([row.realised_pnl for row in rows]),
        unrealised_pnl=total([row.unrealised_pnl for row in rows]),
        fees=total([row.fees for row in rows]),
        open_orders=open_orders,
        oldest_quote_age_seconds=max((quote.age_seconds for quote in quotes), default=None),
        priced=not unpriced,
        unpriced=unpriced,
    )
    return Report(summary=summary, positions=rows, cash=balances)


def total(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum, or None as soon as one of the values is unknown."""
    result = ZERO
    for value in values:
        if value is None:
            return None
        result += value
    return result


def _position(position: wire.Position, marks: Marks) -> PositionRisk:
    held = position.quantity != 0
    mark = marks.of(position.symbol) if held else None
    rate = marks.in_try(position.quote_currency)
    value, unrealised = (None, None) if held else (ZERO, ZERO)
    if mark and rate:
        value = position.quantity * mark.price * rate.price
        unrealised = (mark.price - position.average_cost) * position.quantity * rate.price
    return PositionRisk(
        symbol=position.symbol,
        base_asset=position.base_asset,
        quote_currency=position.quote_currency,
        quantity=position.quantity,
        average_cost=position.average_cost,
        mark=mark.price if mark else None,
        mark_source=mark.source if mark else None,
        mark_age_seconds=mark.age_seconds if mark else None,
        stale=bool(mark and (mark.stale or (rate and rate.stale))),
        value=value,
        unrealised_pnl=unrealised,
        realised_pnl=_converted(position.realised_pnl, rate),
        fees=_converted(position.fees, rate),
    )


def _cash(unit: str, amount: Decimal, reserved: Decimal, marks: Marks) -> Cash:
    rate = marks.in_try(unit) if amount else None
    value = _converted(amount, rate)
    return Cash(amount=amount, reserved=reserved, value=value)


def _converted(amount: Decimal, rate: Mark | None) -> Decimal | None:
    if amount == 0:
        return ZERO
    return amount * rate.price if rate else None
