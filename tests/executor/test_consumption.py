"""A level that our own fills used up is not given out again to a reader that still looks at an older book."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from common.wire import OrderRequest
from executor.market.symbol_view import SymbolView
from executor.paper import OLDEST_BOOK
from executor.quotes import QuoteClient
from executor.submit import submit
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import BTCTRY, Executor, MarketData, Place


class Slow(QuoteClient):
    """QuoteClient that were asked for a while ago."""

    def __init__(self, view: SymbolView) -> None:
        self._view = view
        self.monotonic = lambda: view.proved_at + 0.2

    def look(self, symbol: str) -> SymbolView:  # noqa: ARG002 - one book is all there is
        return self._view


def bought(executor: Executor, key: str, price: str, quantity: str = "2") -> str:
    order = executor.limit(key, "buy", quantity, price, time_in_force="IOC")
    return str(order["filled_quantity"])


def late(executor: Executor, view: SymbolView, key: str, price: str) -> str:
    """What an order gets on a book that was fetched before."""
    request = OrderRequest(
        client_order_id=key,
        symbol=BTCTRY,
        side="buy",
        type="limit",
        quantity=Decimal(2),
        limit_price=Decimal(price),
        time_in_force="IOC",
    )
    return str(submit(request, replace(executor.trading, quotes=Slow(view))).order.filled_quantity)


def test_a_level_that_is_gone_gives_nothing_to_who_still_sees_it(
    make: MakeExecutor, place: Place, marketdata: MarketData
) -> None:
    one = make(place)
    marketdata.put(BTCTRY, [("99", "9")], [("100", "2"), ("100.5", "9")])
    old = one.trading.quotes.look(BTCTRY)
    assert bought(one, "first", "100") == "2"
    marketdata.put(BTCTRY, [("99", "9")], [("100.5", "9")])
    assert bought(one, "newer", "100.5", "1") == "1"
    assert late(one, old, "late", "100") == "0"


def test_a_level_that_comes_back_in_a_newer_book_is_there_again(
    make: MakeExecutor, place: Place, marketdata: MarketData
) -> None:
    executor = make(place)
    marketdata.put(BTCTRY, [("99", "9")], [("100", "2"), ("100.5", "9")])
    assert bought(executor, "first", "100") == "2"
    marketdata.put(BTCTRY, [("99", "9")], [("100.5", "9")])
    assert bought(executor, "newer", "100.5", "1") == "1"
    marketdata.put(BTCTRY, [("99", "9")], [("100", "2"), ("100.5", "9")])
    assert bought(executor, "back", "100") == "2"


def test_what_is_gone_for_long_is_forgotten(make: MakeExecutor, place: Place, marketdata: MarketData) -> None:
    executor = make(place)
    marketdata.put(BTCTRY, [("99", "9")], [("100", "2"), ("100.5", "9")])
    assert bought(executor, "first", "100") == "2"
    for moved in (marketdata.moved + 1, marketdata.moved + 2 + int(OLDEST_BOOK / timedelta(seconds=1))):
        marketdata.put(BTCTRY, [("99", "9")], [("100.5", "9")], moved=moved)
        assert bought(executor, f"n{moved}", "100.5", "1") == "1"
    reign = executor.trading.ledger.writer.reign
    assert reign is not None
    assert {str(price) for price in reign._state.uses.by_place[BTCTRY, "buy"]} == {"100.5"}
