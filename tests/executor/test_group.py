"""Works that share a transaction: each as if it were alone, all of them durable or none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

import pytest
import sqlalchemy as sa

from common.wire import OrderRequest
from executor.errors import LedgerUnavailable, OrderFinal
from executor.ledger.append import Append, AppendRefused
from executor.ledger.listing import OrderFilter
from executor.orders import check
from executor.writer.transaction import Transaction
from tests.common.local import eventually
from tests.executor.conftest import MakeExecutor
from tests.executor.holding import holding
from tests.executor.proved import proved
from tests.executor.standin import BTCTRY, Executor, Place, wide_limits

T = TypeVar("T")


class Together:
    """Works that share a batch."""

    def __init__(self, pool: ThreadPoolExecutor, waiting: Callable[[], int]) -> None:
        self._pool, self._waiting, self._count = pool, waiting, 0

    def do(self, call: Callable[[], T]) -> Future[T]:
        """Has another thread make the call, and waits until its work was decided."""
        future = self._pool.submit(call)
        self._count += 1
        eventually(lambda: self._waiting() >= self._count or future.done())
        return future


@contextmanager
def together(executor: Executor) -> Iterator[Together]:
    with ThreadPoolExecutor(40) as pool, holding(executor.trading.ledger, pool) as waiting:
        yield Together(pool, waiting)


def commits(place: Place) -> int:
    """Returns the number of transactions that recorded the events of the ledger."""
    engine = place.engine()
    with engine.connect() as connection:
        count = connection.execute(sa.text("SELECT count(DISTINCT xmin::text) FROM events")).scalar_one()
    engine.dispose()
    return int(count)


def test_what_waits_shares_one_transaction(make: MakeExecutor, place: Place) -> None:
    executor = make(place)
    with together(executor) as held:
        answers = [held.do(lambda n=n: executor.limit(f"n{n}", "buy", "1", "99")) for n in range(20)]  # type: ignore[misc]
    orders = [answer.result(10) for answer in answers]
    assert [order["status"] for order in orders] == ["accepted"] * 20
    assert len({order["order_id"] for order in orders}) == 20
    assert commits(place) == 2, "the opening of the account, and all orders together"
    assert proved(place).orders == 20


def test_a_work_that_fails_takes_back_its_own_and_nothing_else(make: MakeExecutor, place: Place) -> None:
    executor = make(place)

    def half(transaction: Transaction) -> None:
        request = OrderRequest(client_order_id="half", symbol=BTCTRY, side="buy", type="market", quantity=Decimal(1))
        order = transaction.receive(check(request), None, 0.0)
        transaction.deny(order, ())
        raise ZeroDivisionError

    with together(executor) as held:
        one = held.do(lambda: executor.order(client_order_id="one", quantity="2"))
        broken = held.do(lambda: executor.trading.ledger.do(half))
        two = held.do(lambda: executor.order(client_order_id="two", quantity="1"))
    assert (one.result(10)[1]["status"], two.result(10)[1]["status"]) == ("filled", "filled")
    assert two.result()[1]["average_price"] == "100.2", "the level that the first one used up is gone"
    with pytest.raises(ZeroDivisionError):
        broken.result(10)
    assert proved(place).orders == 2
    assert {order.client_order_id for order in executor.trading.ledger.list_orders(OrderFilter(), 9).items} == {
        "one",
        "two",
    }


def test_the_same_key_twice_in_one_transaction_is_one_order(make: MakeExecutor, place: Place) -> None:
    executor = make(place)
    with together(executor) as held:
        answers = [held.do(lambda: executor.order(client_order_id="same", quantity="1")) for _ in range(5)]
    results = [answer.result(10) for answer in answers]
    assert sorted(status for status, _ in results) == [200, 200, 200, 200, 201]
    assert len({order["order_id"] for _, order in results}) == 1
    assert proved(place).fills == 1


def test_a_first_answer_stays_what_it_was_though_its_order_moved_on_in_the_same_transaction(
    make: MakeExecutor, place: Place
) -> None:
    executor = make(place)
    with together(executor) as held:
        placed = held.do(lambda: executor.limit("key", "buy", "1", "99"))
        cancelled = held.do(lambda: executor.post("/v1/orders/paper-2/cancel"))
        again = held.do(lambda: executor.post("/v1/orders/paper-2/cancel"))
    assert placed.result(10)["status"] == "accepted"
    assert cancelled.result(10)[1]["status"] == "cancelled"
    assert again.result(10)[1]["error"]["code"] == OrderFinal.code
    status, first = executor.order(client_order_id="key", type="limit", quantity="1", limit_price="99")
    assert (status, first["status"]) == (200, "accepted")
    assert executor.get("/v1/orders/paper-2")["status"] == "cancelled"
    proved(place)


def test_limits_count_what_came_before_in_the_same_transaction(make: MakeExecutor, place: Place) -> None:
    limits = replace(wide_limits(), max_orders_per_second=3, duplicate_seconds=60.0)
    executor = make(place, limits=limits)
    with together(executor) as held:
        buys = [held.do(lambda n=n: executor.limit(f"n{n}", "buy", str(n + 1), "99")) for n in range(2)]  # type: ignore[misc]
        twin = held.do(lambda: executor.limit("twin", "buy", "1", "99"))
        fourth = held.do(lambda: executor.limit("fourth", "buy", "9", "99"))
    assert [buy.result(10)["status"] for buy in buys] == ["accepted", "accepted"]
    assert [denial["code"] for denial in twin.result(10)["denials"]] == ["DUPLICATE_ORDER"]
    assert [denial["code"] for denial in fourth.result(10)["denials"]] == ["ORDER_RATE"]


def test_funds_and_levels_are_not_given_twice_in_one_transaction(make: MakeExecutor, place: Place) -> None:
    executor = make(place)
    with together(executor) as held:
        answers = [held.do(lambda n=n: executor.order(client_order_id=f"n{n}", quantity="3")) for n in range(4)]  # type: ignore[misc]
    filled = sum(float(answer.result(10)[1]["filled_quantity"]) for answer in answers)
    assert filled == 7, "the book has seven"
    assert proved(place).orders == 4


@pytest.mark.parametrize("when", ["send", "answer"])
def test_when_the_database_goes_away_all_are_told_and_nothing_is_half_done(
    make: MakeExecutor, place: Place, when: str
) -> None:
    executor = make(place)
    reign = executor.trading.ledger.writer.reign
    assert reign is not None

    def away(*_batch: Append) -> Sequence[str]:
        raise LedgerUnavailable("pulled")

    with together(executor) as held:
        one = held.do(lambda: executor.trading.ledger.do(lambda work: work.open_account({})))
        two = held.do(lambda: executor.trading.ledger.do(lambda work: work.open_account({})))
        if when == "answer":
            reign._appender.send = lambda _: None  # type: ignore[method-assign, assignment]
        setattr(reign._appender, when, away)
    for told in (one, two):
        with pytest.raises(LedgerUnavailable):
            told.result(10)
    assert proved(place).events == 1
    assert executor.order(client_order_id="one")[0] == 201, "nothing hangs afterwards"


@pytest.mark.parametrize("fails", ["the look-up", "the second append", "the append of one alone"])
def test_whatever_fails_while_a_batch_is_decided_again_nobody_is_left_waiting(
    make: MakeExecutor, place: Place, fails: str
) -> None:
    executor = make(place)
    reign = executor.trading.ledger.writer.reign
    assert reign is not None
    reached, go, tries = threading.Event(), threading.Event(), list[str]()

    def append(*_batch: Append) -> Sequence[str]:
        tries.append("append")
        if len(tries) > 1:
            raise LedgerUnavailable("pulled")
        reached.set()
        assert go.wait(20)
        if fails == "the append of one alone":
            raise AppendRefused("as told")
        return ["first"]

    def look_up(_key: str) -> None:
        if fails == "the look-up":
            raise LedgerUnavailable("pulled")

    executor.trading.ledger.writer._stepping.acquire()
    reign._appender.send = lambda _: None  # type: ignore[method-assign, assignment]
    reign._appender.append = reign._appender.answer = append  # type: ignore[method-assign, assignment]
    reign._first_answer = look_up
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(executor.trading.ledger.do, lambda work: work.open_account({}))]
        assert reached.wait(20)
        futures += [pool.submit(executor.trading.ledger.do, lambda work: work.open_account({})) for _ in range(2)]
        eventually(lambda: len(reign._round.jobs) == 2)
        go.set()
        for future in futures:
            with pytest.raises(LedgerUnavailable):
                future.result(5)
    executor.trading.ledger.writer._stepping.release()
    assert proved(place).events == 1


@pytest.mark.slow
def test_many_threads_all_get_their_own_answer(make: MakeExecutor, place: Place) -> None:
    one, two = make(place), make(place)

    def place_one(number: int) -> tuple[int, str]:
        executor = (one, two)[number % 2]
        return number, executor.limit(f"n{number}", "buy", "1", "99")["client_order_id"]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(place_one, range(200)))
    assert answers == [(number, f"n{number}") for number in range(200)]
    assert proved(place).orders == 200
