"""Postings balance, and balances conserve money and quantity, whatever is traded."""

from __future__ import annotations

from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from common.wire import Side
from executor import account
from executor.account import Entry, Terms
from executor.orders import PRECISION

SYMBOL = "V:BTCTRY"
TERMS = Terms(
    base_asset="BTC",
    quote_currency="TRY",
    reserve_name="cash",
    reserve_symbol="",
    reserve_unit="TRY",
    reserve_per_unit=Decimal(1),
    maker_fee_percent=Decimal(0),
)
START = account.apply({}, account.opening({"TRY": Decimal(1_000_000)}))
AMOUNT = st.decimals(min_value="0.000000000000000001", max_value=10**11, places=18)


def _trade(balances: dict[Entry, Decimal], side: Side, quantity: Decimal, price: Decimal) -> dict[Entry, Decimal]:
    postings = account.settle(balances, SYMBOL, TERMS, side, quantity, price, Decimal(1))
    assert account.unbalanced(postings) == {}
    return account.apply(balances, postings)


def test_a_sale_realises_the_difference_to_the_average_cost() -> None:
    balances = _trade(START, "buy", Decimal(1), Decimal(100))
    balances = _trade(balances, "buy", Decimal(3), Decimal(120))
    balances = _trade(balances, "sell", Decimal(2), Decimal(130))
    [position] = account.positions(balances)
    found = [position.quantity, position.average_cost, position.realised_pnl, position.fees]
    assert found == [Decimal(number) for number in (2, 115, 30, 3)]
    assert balances[account.cash("TRY")] == 1_000_000 - 100 - 360 + 260 - 3


def test_what_is_sold_to_the_last_leaves_no_cost_behind() -> None:
    balances = _trade(START, "buy", Decimal(3), Decimal("33.333333333333333333"))
    for quantity in ("1", "1", "1"):
        balances = _trade(balances, "sell", Decimal(quantity), Decimal(40))
    [position] = account.positions(balances)
    assert (position.quantity, position.average_cost) == (Decimal(0), Decimal(0))
    assert balances[Entry("cost", SYMBOL, "TRY")] == 0
    with localcontext(prec=PRECISION):
        assert position.realised_pnl == 120 - 3 * Decimal("33.333333333333333333")


def test_a_currency_bought_is_cash_and_no_position() -> None:
    start = account.apply({}, account.opening({"TRY": Decimal(1000), "USDT": Decimal(5)}))
    terms = Terms(
        base_asset="USDT",
        quote_currency="TRY",
        reserve_name="cash",
        reserve_symbol="",
        reserve_unit="TRY",
        reserve_per_unit=Decimal(1),
        maker_fee_percent=Decimal(0),
    )
    postings = account.settle(start, "V:USDTTRY", terms, "buy", Decimal(10), Decimal(34), Decimal(1))
    balances = account.apply(start, postings)
    assert account.unbalanced(postings) == {}
    assert (balances[account.cash("USDT")], balances[account.cash("TRY")]) == (Decimal(15), Decimal(659))
    assert account.positions(balances) == []


@given(st.lists(st.tuples(st.sampled_from(["buy", "sell"]), AMOUNT, AMOUNT), max_size=12))
def test_money_and_quantity_are_conserved_to_the_last_digit(trades: list[tuple[Side, Decimal, Decimal]]) -> None:
    balances, held = dict(START), Decimal(0)
    with localcontext(prec=PRECISION):
        for side, quantity, price in trades:
            part = quantity if side == "buy" else min(quantity, held)
            if not part:
                continue
            balances = _trade(balances, side, part, price)
            held += part if side == "buy" else -part
        sums: dict[str, Decimal] = {}
        for entry, amount in balances.items():
            sums[entry.unit] = sums.get(entry.unit, Decimal(0)) + amount
        assert all(total == 0 for total in sums.values())
        assert balances.get(Entry("position", SYMBOL, "BTC"), Decimal(0)) == held
        gained = balances[account.cash("TRY")] - 1_000_000
        fees, cost, pnl = (
            balances.get(Entry(name, SYMBOL, "TRY"), Decimal(0)) for name in ("fees", "cost", "realised_pnl")
        )
        assert gained == -pnl - cost - fees
