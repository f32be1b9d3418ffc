"""The stream of orders: it goes on at another executor where one ended, and changes what the console knows at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from common import wire
from common.errors import Unavailable
from tests.web import trading_world
from tests.web.conftest import Built
from tests.web.console import Surroundings
from tests.web.standin_server import Asked, Server, Told, told
from tests.web.test_orders import REQUEST
from tests.web.trading_world import order
from web import messages
from web.clients import Markets
from web.orderstream import Message, OrderStream

SIMULATED = Markets("simulated")


@pytest.fixture
def pair() -> Iterator[list[trading_world.Executor]]:
    executors = [trading_world.Executor(), trading_world.Executor()]
    yield executors
    for executor in executors:
        executor.stop()


def stream_of(executors: list[trading_world.Executor]) -> OrderStream:
    return OrderStream([executor.server.url for executor in executors], SIMULATED)


def until(stream: Iterator[Message], wanted: type[Message]) -> Message:
    for message in stream:
        if isinstance(message, wanted):
            return message
    raise AssertionError


def test_a_stream_begins_with_a_snapshot_and_tells_each_change(pair: list[trading_world.Executor]) -> None:
    pair[0].orders = [order(REQUEST, 1)]
    stream = stream_of(pair).follow()
    first = next(stream)
    assert isinstance(first, messages.OrdersSnapshot)
    assert (first.orders[0].order_id, first.account.open_orders) == ("order-1", 1)
    pair[0].orders.insert(0, order(REQUEST, 2))
    changed = until(stream, wire.Order)
    assert isinstance(changed, wire.Order)
    assert changed.order_id == "order-2"
    pair[0].hold("DRAWDOWN", "HALTED", "a test")
    account = until(stream, messages.AccountAnswer)
    assert isinstance(account, messages.AccountAnswer)
    while account.trading_state != "HALTED":
        account = until(stream, messages.AccountAnswer)
        assert isinstance(account, messages.AccountAnswer)


def test_it_goes_on_at_the_other_executor_with_the_last_event_it_had(pair: list[trading_world.Executor]) -> None:
    pair[0].orders = [order(REQUEST, 1)]
    orders = stream_of(pair)
    stream = orders.follow()
    next(stream)
    pair[1].orders = [order(REQUEST, 2), *pair[0].orders]
    threading.Timer(0.2, pair[0].stop).start()
    with pytest.raises(Unavailable):
        until(stream, messages.Resumed)
    began = time.monotonic()
    again = orders.follow()
    assert isinstance(next(again), messages.Resumed)
    told_again = until(again, wire.Order)
    assert time.monotonic() - began < 2
    assert isinstance(told_again, wire.Order)
    assert pair[1].server.asked[-1].headers["Last-Event-ID"] == "1"


def test_without_any_executor_each_is_named(pair: list[trading_world.Executor]) -> None:
    for executor in pair:
        executor.stop()
    with pytest.raises(Unavailable, match=r"executor-1 does not answer .*; executor-2 does not answer"):
        next(stream_of(pair).follow())


def test_one_without_a_free_place_is_passed_over(pair: list[trading_world.Executor]) -> None:
    full = Server(lambda _asked: told({"error": {"code": "UNAVAILABLE"}}, 503))
    stream = OrderStream([full.url, pair[1].server.url], SIMULATED)
    assert isinstance(next(stream.follow()), messages.OrdersSnapshot)
    full.stop()


def test_the_other_market_is_refused(pair: list[trading_world.Executor]) -> None:
    with pytest.raises(Unavailable, match="on the simulated market"):
        next(OrderStream([pair[0].server.url], Markets("live")).follow())


def test_one_that_falls_silent_is_given_up() -> None:
    released = threading.Event()

    def silence(_asked: Asked) -> Told:
        def chunks() -> Iterator[bytes]:
            yield b": hello\n\n"
            released.wait(10)

        return Told(chunks(), content_type="text/event-stream")

    server = Server(silence)
    with pytest.raises(Unavailable, match="ReadTimeoutError"):
        next(OrderStream([server.url], SIMULATED, silence=0.2).follow())
    released.set()
    server.stop()


def test_what_the_stream_tells_is_known_at_once_and_calls_for_what_it_does_not_tell(
    built: Built, around: Surroundings
) -> None:
    built.look()
    hurried = {job.name: job.hurry for job in built.jobs()}
    (job,) = [job for job in built.jobs() if job.name == "order-stream"]
    thread = threading.Thread(target=built.readers.look, args=(job,))
    thread.start()
    _await(built, lambda: hurried["orders"].is_set())
    for event in hurried.values():
        event.clear()
    market = wire.OrderRequest(
        client_order_id="m", symbol=REQUEST.symbol, side="buy", type="market", quantity=REQUEST.quantity
    )
    around.executors[0].orders.insert(0, order(market, 1))
    _await(built, lambda: [each.status for each in built.known.orders.look().value or ()] == ["filled"])
    around.executors[0].hold("DRAWDOWN", "HALTED", "a test")
    _await(built, lambda: _state(built) == "HALTED")
    assert hurried["positions"].is_set()
    assert hurried["controls"].is_set()
    around.executors[0].stop()
    thread.join(5)
    assert not thread.is_alive()
    assert built.known.orders.look().reason is None


def _state(built: Built) -> str | None:
    account = built.known.account.look().value
    return None if account is None else account.trading_state


def _await(built: Built, condition: Callable[[], bool]) -> None:
    """Waits for changes until something holds, five seconds at most."""
    end, seen = time.monotonic() + 5, built.known.changes.count
    while not condition():
        assert time.monotonic() < end
        seen = built.known.changes.wait(seen, 0.1)
