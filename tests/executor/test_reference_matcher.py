"""Two executors that share a ledger give exactly what a plain reference gives, whatever happens in whatever order.

Out of reach here, and so not in the reference: limits on size, position, exposure, rate, repetition and losses, kill
switches and holds, reversals, and books that are stale, delayed, closed or off the grid. The refusals that may happen
are those that `reference.py` names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from common.wire import Order
from tests.executor import postgres
from tests.executor.pair import CASH, Both
from tests.executor.pair_checks import orders_of
from tests.executor.projections import assert_projections
from tests.executor.seen import PAIRS
from tests.executor.steps import EAGER, HOLDING, OLDER, PAID, Step, moves, rushes, steps

pytestmark = pytest.mark.slow


@contextmanager
def both_on(server: postgres.Server) -> Iterator[Both]:
    """Two executors and the reference, on a ledger of their own."""
    with server.dropping():
        both = Both(server.new_place())
        try:
            yield both
        finally:
            both.close()


@settings(max_examples=settings().max_examples // 5)
@example(script=OLDER)
@example(script=EAGER)
@example(script=PAID)
@given(script=st.lists(steps, min_size=10, max_size=32))
def test_orders_fills_balances_and_profits_are_those_of_the_reference(
    postgres_server: postgres.Server, script: list[Step]
) -> None:
    with both_on(postgres_server) as both:
        for step in [*HOLDING, *script]:
            both.do(step)
            both.compare_account(both.leading)
            assert_projections(both.contexts[both.leading].ledger)
        for executor in range(2):
            both.compare_all(executor)


@settings(max_examples=settings().max_examples // 10)
@given(script=st.lists(st.one_of(moves, rushes), min_size=3, max_size=8))
def test_orders_that_share_a_transaction_get_what_they_would_get_one_after_the_other(
    postgres_server: postgres.Server, script: list[Step]
) -> None:
    with both_on(postgres_server) as both:
        for step in [*HOLDING, *script]:
            both.do(step)
            assert_projections(both.contexts[both.leading].ledger)
        both.compare_all(1)


@settings(max_examples=settings().max_examples // 10)
@given(script=st.lists(st.one_of(steps, rushes), min_size=10, max_size=30))
def test_no_money_and_no_quantity_is_made_or_lost(postgres_server: postgres.Server, script: list[Step]) -> None:
    with both_on(postgres_server) as both:
        for step in [*HOLDING, *script]:
            both.do(step)
        both.lead(0)
        ledger = both.contexts[0].ledger
        balances, traded = ledger.view().balances, _traded(orders_of(ledger).values())
        sums: dict[str, Decimal] = defaultdict(Decimal)
        held: dict[str, Decimal] = defaultdict(Decimal)
        for entry, amount in balances.items():
            sums[entry.unit] += amount
            held[entry.unit] += amount if entry.name in ("cash", "position", "fees", "written_off") else 0
        assert not any(sums.values())
        brought = {unit: CASH[unit] + both.paid[unit] for unit in CASH}
        assert held == {unit: brought.get(unit, Decimal(0)) + traded[unit] for unit in held}


def _traded(orders: Iterable[Order]) -> dict[str, Decimal]:
    """What came from the market of each unit, by the fills alone, fees not counted."""
    moved: dict[str, Decimal] = defaultdict(Decimal)
    for order in orders:
        (base, quote), sign = PAIRS[order.symbol], 1 if order.side == "buy" else -1
        for fill in order.fills:
            moved[base] += sign * fill.quantity
            moved[quote] -= sign * fill.quantity * fill.price
    return moved
