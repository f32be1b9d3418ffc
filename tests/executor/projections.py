"""Compares what a writer keeps in memory beside its orders with the same computed anew from the events alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import Any

from executor.account import cash
from executor.ledger import rows, schema
from executor.ledger.engine import reading
from executor.ledger.replay import Replay
from executor.orders import OPEN, PRECISION, number
from executor.store import Ledger
from executor.writer.open_orders import OpenOrders
from tests.executor.holding import reign_of


def assert_projections(ledger: Ledger) -> None:
    """The sums, counts and ladders of the open orders, balances and controls are what the events lead to."""
    reign = reign_of(ledger)
    state = reign._state
    with localcontext(prec=PRECISION), reading(ledger._engine) as connection:
        replay = Replay()
        for event in rows.events(connection, schema.events.c.account == ledger.account_name):
            replay.apply(event)
        expected = _computed(replay)
        for name, kept in _kept(state.open).items():
            assert kept == expected[name], name
    assert _without_zeros(state.balances) == _without_zeros(replay.balances)
    assert state.controls == replay.controls
    account = reign.view.account
    assert account.open_orders == len(expected["orders"])
    assert _without_zeros(account.reserved) == {
        entry.unit: amount for entry, amount in expected["reserved"].items() if entry.name == "cash"
    }


def _computed(replay: Replay) -> dict[str, Any]:
    resting = {order_id: order for order_id, order in replay.orders.items() if order.status in OPEN}
    sums: dict[str, defaultdict[Any, Decimal]] = {
        name: defaultdict(Decimal) for name in ("reserved", "buying", "buy_notional")
    }
    ladders: defaultdict[Any, list[tuple[Decimal, int, str]]] = defaultdict(list)
    for order_id, order in resting.items():
        terms, left, price = replay.terms[order_id], order.quantity - order.filled_quantity, order.limit_price
        assert price is not None
        sums["reserved"][terms.reserve] += left * terms.reserve_per_unit
        if order.side == "buy":
            sums["buying"][order.symbol] += left
            if cash(terms.base_asset) not in replay.balances:
                sums["buy_notional"][terms.quote_currency] += left * price
        ladders[order.symbol, order.side].append((price, number(order_id), order_id))
    return {
        "orders": resting,
        "counts": dict(Counter((order.symbol, order.side) for order in resting.values())),
        "ladders": {
            place: (max(found)[0] if place[1] == "buy" else min(found)[0], sorted(order_id for _, _, order_id in found))
            for place, found in ladders.items()
        },
        **{name: _without_zeros(each) for name, each in sums.items()},
    }


def _kept(found: OpenOrders) -> dict[str, Any]:
    places = [place for place, count in found.counts.items() if count]
    ladders = {place: found.ladder(*place) for place in places}
    return {
        "orders": {order_id: each.order for order_id, each in found.by_id.items()},
        "counts": {place: found.counts[place] for place in places},
        "ladders": {place: (ladder.best(), sorted(ladder.ids())) for place, ladder in ladders.items()},
        "reserved": _without_zeros(found.reserved),
        "buying": _without_zeros(found.buying),
        "buy_notional": _without_zeros(found.buy_notional),
    }


def _without_zeros(amounts: Mapping[Any, Decimal]) -> dict[Any, Decimal]:
    return {key: amount for key, amount in amounts.items() if amount}
