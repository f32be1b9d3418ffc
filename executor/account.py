"""What an account owns: balanced postings for each event, and balances as a fold over them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import NamedTuple

from common.wire import Message, Position, Side
from executor.orders import PRECISION

COST_STEP = Decimal("1e-12")


class Entry(NamedTuple):
    """One account of the double-entry books: its name, the symbol it belongs to ("" for none), and the unit it counts.

    Names: cash, capital (where cash came from), position, cost (what the position cost), market (the other side
    of each trade), fees, realised_pnl (a profit is negative there, as income is in double-entry books).
    """

    name: str
    symbol: str
    unit: str


class Posting(NamedTuple):
    """An amount that moves into `entry`. The postings of one event add up to zero in each unit."""

    entry: Entry
    amount: Decimal


class Terms(Message, frozen=True, kw_only=True):
    """What an order was accepted on: what it reserves for each unit still open, and the fee it pays when it rests."""

    base_asset: str
    quote_currency: str
    reserve_name: str
    reserve_symbol: str
    reserve_unit: str
    reserve_per_unit: Decimal
    maker_fee_percent: Decimal

    @property
    def reserve(self) -> Entry:
        """The account of the books that the order will pay from."""
        return Entry(self.reserve_name, self.reserve_symbol, self.reserve_unit)


Balances = Mapping[Entry, Decimal]


def cash(unit: str) -> Entry:
    """The account of the books that holds a currency."""
    return Entry("cash", "", unit)


def currencies(balances: Balances) -> frozenset[str]:
    """The units that are held as cash; fixed by the account's opening."""
    return frozenset(entry.unit for entry in balances if entry.name == "cash")


def holding(symbol: str, base_asset: str, cash_currencies: frozenset[str]) -> Entry:
    """Where a symbol's base asset is kept: a currency is cash, anything else is a position of its symbol."""
    return cash(base_asset) if base_asset in cash_currencies else Entry("position", symbol, base_asset)


def opening(amounts: Mapping[str, Decimal]) -> list[Posting]:
    """The postings that put the starting cash into an account."""
    return [
        posting
        for unit, amount in sorted(amounts.items())
        for posting in (Posting(cash(unit), amount), Posting(Entry("capital", "", unit), -amount))
    ]


def settle(
    balances: Balances, symbol: str, terms: Terms, side: Side, quantity: Decimal, price: Decimal, fee: Decimal
) -> list[Posting]:
    """The postings of one fill: asset against market, money against market, the fee, and cost or realised P&L.

    Average cost: a sale takes out its share of what the position cost, rounded to 12 decimals; the last one takes all.
    """
    base, quote = terms.base_asset, terms.quote_currency
    with localcontext(prec=PRECISION):
        notional = price * quantity
        asset, money = (quantity, -notional) if side == "buy" else (-quantity, notional)
        held = holding(symbol, base, currencies(balances))
        postings = [
            Posting(held, asset),
            Posting(Entry("market", symbol, base), -asset),
            Posting(cash(quote), money - fee),
            Posting(Entry("fees", symbol, quote), fee),
        ]
        if held.name == "cash":
            return [*postings, Posting(Entry("market", symbol, quote), -money)]
        cost = Entry("cost", symbol, quote)
        if side == "buy":
            return [*postings, Posting(cost, notional)]
        released = _released(balances.get(cost, Decimal(0)), quantity, balances.get(held, Decimal(0)))
        return [*postings, Posting(cost, -released), Posting(Entry("realised_pnl", symbol, quote), released - notional)]


def _released(cost: Decimal, quantity: Decimal, held: Decimal) -> Decimal:
    if quantity >= held:
        return cost
    return (cost * quantity / held).quantize(COST_STEP, ROUND_HALF_EVEN)


def apply(balances: Balances, postings: Iterable[Posting]) -> dict[Entry, Decimal]:
    """The balances after the postings."""
    after = dict(balances)
    with localcontext(prec=PRECISION):
        for entry, amount in postings:
            after[entry] = after.get(entry, Decimal(0)) + amount
    return after


def opposite(postings: Iterable[Posting]) -> list[Posting]:
    """The postings that take others back."""
    return [Posting(entry, -amount) for entry, amount in postings]


def shortage(balances: Balances, held_back: Mapping[Entry, Decimal], postings: Iterable[Posting]) -> str | None:
    """Why an account can't have these postings: cash or a position would not cover what is held back, or what a
    position cost would no longer fit what is held; None when it can."""
    after = apply(balances, postings)
    for entry in sorted({posting.entry for posting in postings}):
        left = after[entry] - held_back.get(entry, Decimal(0))
        if entry.name in ("cash", "position") and left < 0:
            return f"{-left} {entry.unit} more would have to be free"
        if entry.name == "cost" and (after[entry] < 0 or (after[entry] and not _held(after, entry.symbol))):
            return f"a part of the position in {entry.symbol} was sold since"
    return None


def _held(balances: Balances, symbol: str) -> Decimal:
    return sum((amount for entry, amount in balances.items() if entry[:2] == ("position", symbol)), Decimal(0))


def unbalanced(postings: Iterable[Posting]) -> dict[str, Decimal]:
    """The units whose postings do not add up to zero, with what they add up to; empty when all is well."""
    sums: dict[str, Decimal] = {}
    with localcontext(prec=PRECISION):
        for entry, amount in postings:
            sums[entry.unit] = sums.get(entry.unit, Decimal(0)) + amount
    return {unit: total for unit, total in sums.items() if total}


def exposure(balances: Balances, unit: str, open_buys: Iterable[tuple[Terms, Decimal]]) -> Decimal:
    """What the positions in a currency cost, and what open buys of more, as (terms, notional), would."""
    cash_currencies = currencies(balances)
    with localcontext(prec=PRECISION):
        held = sum((amount for entry, amount in balances.items() if entry[::2] == ("cost", unit)), Decimal(0))
        return held + sum(
            (
                notional
                for terms, notional in open_buys
                if terms.quote_currency == unit and terms.base_asset not in cash_currencies
            ),
            Decimal(0),
        )


def reserved(open_orders: Iterable[tuple[Terms, Decimal]]) -> dict[Entry, Decimal]:
    """What open orders hold back, of (terms, remaining quantity)."""
    sums: dict[Entry, Decimal] = {}
    with localcontext(prec=PRECISION):
        for terms, remaining in open_orders:
            amount = remaining * terms.reserve_per_unit
            sums[terms.reserve] = sums.get(terms.reserve, Decimal(0)) + amount
    return sums


def positions(balances: Balances) -> list[Position]:
    """What is, or was, held of each symbol; average cost per unit without fees, to 12 decimals."""
    return [_position(balances, entry) for entry in sorted(balances) if entry.name == "position"]


def _position(balances: Balances, held: Entry) -> Position:
    cost = next(entry for entry in balances if entry.name == "cost" and entry.symbol == held.symbol)
    quantity, symbol, quote = balances[held], held.symbol, cost.unit
    with localcontext(prec=PRECISION):
        average = (balances[cost] / quantity).quantize(COST_STEP, ROUND_HALF_EVEN) if quantity else Decimal(0)
        return Position(
            symbol=symbol,
            base_asset=held.unit,
            quote_currency=quote,
            quantity=quantity,
            average_cost=average,
            realised_pnl=-balances.get(Entry("realised_pnl", symbol, quote), Decimal(0)),
            fees=balances.get(Entry("fees", symbol, quote), Decimal(0)),
        )
