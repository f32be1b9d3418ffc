"""The streams that the console reads, and how the stream of orders goes on at another executor."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from common import wire
from common.answers import AccountStatus, OrdersSnapshot, Quotes, Resumed
from common.errors import Unavailable
from tests.web import trading_world
from tests.web.console import Surroundings
from tests.web.standin_server import Answer, Request, Server, json_answer
from tests.web.test_orders import REQUEST
from tests.web.trading_world import order
from web.clients import Markets
from web.streams import OrderMessage, OrderStream, QuoteStream

SIMULATED = Markets("simulated")


@pytest.fixture
def pair() -> Iterator[list[trading_world.Executor]]:
    executors = [trading_world.Executor(), trading_world.Executor()]
    yield executors
    for executor in executors:
        executor.stop()


def stream_of(executors: list[trading_world.Executor]) -> OrderStream:
    return OrderStream([executor.server.url for executor in executors], SIMULATED)


def until(stream: Iterator[OrderMessage], wanted: type[OrderMessage]) -> OrderMessage:
    for message in stream:
        if isinstance(message, wanted):
            return message
    raise AssertionError


def test_a_stream_begins_with_a_snapshot_and_tells_each_change(pair: list[trading_world.Executor]) -> None:
    pair[0].orders = [order(REQUEST, 1)]
    stream = stream_of(pair).follow()
    first = next(stream)
    assert isinstance(first, OrdersSnapshot)
    assert (first.orders[0].order_id, first.account.open_orders) == ("order-1", 1)
    pair[0].orders.insert(0, order(REQUEST, 2))
    changed = until(stream, wire.Order)
    assert isinstance(changed, wire.Order)
    assert changed.order_id == "order-2"
    pair[0].hold("DRAWDOWN", "HALTED", "a test")
    account = until(stream, AccountStatus)
    assert isinstance(account, AccountStatus)
    while account.trading_state != "HALTED":
        account = until(stream, AccountStatus)
        assert isinstance(account, AccountStatus)


def test_it_goes_on_at_the_other_executor_with_the_last_event_it_had(pair: list[trading_world.Executor]) -> None:
    pair[0].orders = [order(REQUEST, 1)]
    orders = stream_of(pair)
    stream = orders.follow()
    next(stream)
    pair[1].orders = [order(REQUEST, 2), *pair[0].orders]
    threading.Timer(0.2, pair[0].stop).start()
    with pytest.raises(Unavailable):
        until(stream, Resumed)
    again = orders.follow()
    assert isinstance(next(again), Resumed)
    told_again = until(again, wire.Order)
    assert isinstance(told_again, wire.Order)
    assert pair[1].server.asked[-1].headers["Last-Event-ID"] == "1"


def test_without_any_executor_each_is_named(pair: list[trading_world.Executor]) -> None:
    for executor in pair:
        executor.stop()
    with pytest.raises(Unavailable, match=r"executor-1 does not answer .*; executor-2 does not answer"):
        next(stream_of(pair).follow())


def test_one_without_a_free_place_is_passed_over(pair: list[trading_world.Executor]) -> None:
    full = Server(lambda _asked: json_answer({"error": {"code": "UNAVAILABLE"}}, 503))
    stream = OrderStream([full.url, pair[1].server.url], SIMULATED)
    assert isinstance(next(stream.follow()), OrdersSnapshot)
    full.stop()


def test_the_other_market_is_refused(pair: list[trading_world.Executor]) -> None:
    with pytest.raises(Unavailable, match="on the simulated market"):
        next(OrderStream([pair[0].server.url], Markets("live")).follow())


def test_one_that_falls_silent_is_given_up() -> None:
    released = threading.Event()

    def silence(_asked: Request) -> Answer:
        def chunks() -> Iterator[bytes]:
            yield b": hello\n\n"
            released.wait(10)

        return Answer(chunks(), content_type="text/event-stream")

    server = Server(silence)
    with pytest.raises(Unavailable, match="ReadTimeoutError"):
        next(OrderStream([server.url], SIMULATED, silence=0.2).follow())
    released.set()
    server.stop()


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Request], Answer]], Server]]:
    servers: list[Server] = []

    def start(answer: Callable[[Request], Answer]) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def test_the_stream_of_quotes_begins_with_a_snapshot_and_then_has_what_moves(around: Surroundings) -> None:
    stream = QuoteStream(around.market.server.url, SIMULATED).follow()
    with closing(stream):  # type: ignore[type-var]
        first, *rest = itertools.islice(stream, 4)
    assert isinstance(first, Quotes)
    assert {type(each) for each in rest} == {wire.Quote}


def test_a_refused_stream_says_its_status(around: Surroundings) -> None:
    around.market.streams_refused = True
    with pytest.raises(Unavailable, match="503"):
        next(QuoteStream(around.market.server.url, SIMULATED).follow())


def test_a_stream_that_falls_silent_is_given_up(serve: Callable[[Callable[[Request], Answer]], Server]) -> None:
    released = threading.Event()

    def silence() -> Iterator[bytes]:
        yield b": hello\n\n"
        released.wait(10)

    server = serve(lambda _asked: Answer(silence(), content_type="text/event-stream"))
    with pytest.raises(Unavailable, match="ReadTimeoutError"):
        next(QuoteStream(server.url, SIMULATED, silence=0.2).follow())
    released.set()


def test_a_stream_that_ends_is_not_taken_for_quiet(serve: Callable[[Callable[[Request], Answer]], Server]) -> None:
    server = serve(lambda _asked: Answer(iter([b": hello\n\n"]), content_type="text/event-stream"))
    with pytest.raises(Unavailable, match="ended"):
        next(QuoteStream(server.url, SIMULATED).follow())


def test_a_stream_is_ended_from_another_thread_though_its_sender_is_silent(
    serve: Callable[[Callable[[Request], Answer]], Server],
) -> None:
    begun, released = threading.Event(), threading.Event()

    def silence() -> Iterator[bytes]:
        yield b": hello\n\n"
        begun.set()
        released.wait(30)

    stream = QuoteStream(serve(lambda _asked: Answer(silence(), content_type="text/event-stream")).url, SIMULATED)
    failures: list[Exception] = []

    def follow() -> None:
        try:
            next(stream.follow())
        except Unavailable as failure:
            failures.append(failure)

    reader = threading.Thread(target=follow, daemon=True)
    reader.start()
    assert begun.wait(5)
    stream.end()
    reader.join(10)
    assert len(failures) == 1
    with pytest.raises(Unavailable):
        next(stream.follow())
    released.set()
