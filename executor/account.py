"""The account's books: balanced postings for each event, and balances as a fold over them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from common.decimals import plain_text, tidy
from common.wire import Message, Position, Side
from executor.orders import exact

COST_STEP = Decimal("1e-12")


class Entry(NamedTuple):
    """One ledger account of the double-entry books.

    name: cash, capital (the source of starting cash and deposits), position, cost (of the position), market (the other
        side of each trade), fees, written_off (assets that were given up), or realised_pnl (negative for a profit, as
        income is in double-entry books).
    symbol: the symbol that it belongs to; empty for none.
    unit: the currency or asset that it counts.
    """

    name: str
    symbol: str
    unit: str


class Posting(NamedTuple):
    """A movement of the books. The postings of one event add up to zero in each unit.

    entry: the ledger account that the amount moves into.
    amount: in the entry's unit; negative when it moves out.
    """

    entry: Entry
    amount: Decimal


class Terms(Message, frozen=True, kw_only=True):
    """The terms that an order was accepted on.

    base_asset, quote_currency: of the symbol.
    reserve_name, reserve_symbol, reserve_unit: the entry that the order will pay from.
    reserve_per_unit: what it holds back there for each unit of quantity that is still open.
    maker_fee_percent: the fee rate of fills after it rested, in percent of the notional.
    """

    base_asset: str
    quote_currency: str
    reserve_name: str
    reserve_symbol: str
    reserve_unit: str
    reserve_per_unit: Decimal
    maker_fee_percent: Decimal

    @property
    def reserve(self) -> Entry:
        """The entry that the order will pay from."""
        return Entry(self.reserve_name, self.reserve_symbol, self.reserve_unit)


Balances = Mapping[Entry, Decimal]


def cash(unit: str) -> Entry:
    """Returns the entry that holds a currency."""
    return Entry("cash", "", unit)


def currencies(balances: Balances) -> frozenset[str]:
    """Returns the currencies that are cash; they are fixed when the account is opened."""
    return frozenset(entry.unit for entry in balances if entry.name == "cash")


def holding(symbol: str, base_asset: str, balances: Balances) -> Entry:
    """Returns the entry of a symbol's base asset: cash for a currency of cash, else a position of the symbol."""
    as_cash = cash(base_asset)
    return as_cash if as_cash in balances else Entry("position", symbol, base_asset)


def opening(amounts: Mapping[str, Decimal]) -> list[Posting]:
    """Returns the postings that put the starting cash into an account."""
    return [posting for unit, amount in sorted(amounts.items()) for posting in moved_cash(unit, amount)]


def moved_cash(unit: str, amount: Decimal) -> list[Posting]:
    """Returns the postings of a deposit, or, for a negative amount, of a withdrawal."""
    return [Posting(cash(unit), amount), Posting(Entry("capital", "", unit), -amount)]


def written_off(balances: Balances, symbol: str, base: str, quote: str, quantity: Decimal) -> list[Posting]:
    """Returns the postings that give up a part of a position. Its share of the cost becomes a realised loss."""
    held, cost = Entry("position", symbol, base), Entry("cost", symbol, quote)
    with exact():
        lost = _released(balances.get(cost, Decimal(0)), quantity, balances.get(held, Decimal(0)))
        return [
            Posting(held, -quantity),
            Posting(Entry("written_off", symbol, base), quantity),
            Posting(cost, -lost),
            Posting(Entry("realised_pnl", symbol, quote), lost),
        ]


def settle(
    balances: Balances, symbol: str, terms: Terms, side: Side, quantity: Decimal, price: Decimal, fee: Decimal
) -> list[Posting]:
    """Returns the postings of one fill: asset against market, money against market, fee, and cost or realised P&L.

    The method is average cost: a sale takes out its share of the position's cost, rounded to 12 decimals. The sale that
    closes the position takes out all of it.
    """
    base, quote = terms.base_asset, terms.quote_currency
    with exact():
        notional = price * quantity
        asset, money = (quantity, -notional) if side == "buy" else (-quantity, notional)
        held = holding(symbol, base, balances)
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
    """Returns the balances after the postings."""
    after = dict(balances)
    with exact():
        for entry, amount in postings:
            after[entry] = after.get(entry, Decimal(0)) + amount
    return after


def opposite(postings: Iterable[Posting]) -> list[Posting]:
    """Returns the postings that undo others."""
    return [Posting(entry, -amount) for entry, amount in postings]


def shortage(balances: Balances, held_back: Mapping[Entry, Decimal], postings: Iterable[Posting]) -> str | None:
    """Returns why the account can't have these postings; None when it can.

    Cash or a position must still cover `held_back`, and the cost of a position must still fit its quantity.
    """
    after = apply(balances, postings)
    for entry in sorted({posting.entry for posting in postings}):
        left = after[entry] - held_back.get(entry, Decimal(0))
        if entry.name in ("cash", "position") and left < 0:
            return f"{plain_text(-left)} {entry.unit} more would have to be free"
        if entry.name == "cost" and (after[entry] < 0 or (after[entry] and not _held(after, entry.symbol))):
            return f"a part of the position in {entry.symbol} was sold since"
    return None


def _held(balances: Balances, symbol: str) -> Decimal:
    return sum((amount for entry, amount in balances.items() if entry[:2] == ("position", symbol)), Decimal(0))


def unbalanced(postings: Iterable[Posting]) -> dict[str, Decimal]:
    """Returns the units whose postings do not add up to zero, with their sums; empty when all do."""
    sums: dict[str, Decimal] = {}
    with exact():
        for entry, amount in postings:
            sums[entry.unit] = sums.get(entry.unit, Decimal(0)) + amount
    return {unit: total for unit, total in sums.items() if total}


def positions(balances: Balances) -> list[Position]:
    """Returns a position for each symbol that was ever held; average cost per unit without fees, to 12 decimals."""
    return [_position(balances, entry) for entry in sorted(balances) if entry.name == "position"]


def _position(balances: Balances, held: Entry) -> Position:
    cost = next(entry for entry in balances if entry.name == "cost" and entry.symbol == held.symbol)
    quantity, symbol, quote = balances[held], held.symbol, cost.unit
    with exact():
        average = (balances[cost] / quantity).quantize(COST_STEP, ROUND_HALF_EVEN) if quantity else Decimal(0)
        return Position(
            symbol=symbol,
            base_asset=held.unit,
            quote_currency=quote,
            quantity=quantity,
            average_cost=tidy(average),
            realised_pnl=-balances.get(Entry("realised_pnl", symbol, quote), Decimal(0)),
            fees=balances.get(Entry("fees", symbol, quote), Decimal(0)),
        )
