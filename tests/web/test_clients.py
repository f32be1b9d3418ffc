from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from common.errors import NotFound, Unavailable
from tests.web import trading_world, world
from tests.web.console import Surroundings
from tests.web.standin_server import Asked, Server, Told, told
from web import messages
from web.clients import Canary, Executors, MarketData, Markets

SIMULATED = Markets("simulated")
ORDER = b'{"client_order_id":"c1","symbol":"BTCTURK:BTCTRY","side":"buy","type":"market","quantity":"0.5"}'
TOKEN = f"Bearer {trading_world.TOKEN}"


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Asked], Told]], Server]]:
    servers: list[Server] = []

    def start(answer: Callable[[Asked], Told]) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def pair() -> Iterator[list[trading_world.Executor]]:
    executors = [trading_world.Executor(), trading_world.Executor()]
    yield executors
    for executor in executors:
        executor.stop()


def client(executors: list[trading_world.Executor]) -> Executors:
    return Executors([executor.server.url for executor in executors], SIMULATED)


def posts(executor: trading_world.Executor) -> int:
    return sum(asked.method == "POST" for asked in executor.server.asked)


def test_quotes_and_instruments_are_typed(around: Surroundings) -> None:
    market = MarketData(around.market.server.url, SIMULATED)
    assert {quote.symbol for quote in market.quotes()} == {each.symbol for each in market.instruments()}


def test_the_stream_gives_the_snapshot_and_then_what_moves(around: Surroundings) -> None:
    stream = MarketData(around.market.server.url, SIMULATED).stream()
    with closing(stream):  # type: ignore[type-var]
        first, *rest = itertools.islice(stream, 4)
    assert isinstance(first, messages.QuoteList)
    assert {type(each).__name__ for each in rest} == {"Quote"}


def test_a_refused_stream_says_its_status(around: Surroundings) -> None:
    around.market.streams_refused = True
    with pytest.raises(Unavailable, match="503"):
        next(MarketData(around.market.server.url, SIMULATED).stream())


def test_a_stream_that_falls_silent_is_given_up(serve: Callable[[Callable[[Asked], Told]], Server]) -> None:
    released = threading.Event()

    def silence() -> Iterator[bytes]:
        yield b": hello\n\n"
        released.wait(10)

    server = serve(lambda _asked: Told(silence(), content_type="text/event-stream"))
    with pytest.raises(Unavailable, match="ReadTimeoutError"):
        next(MarketData(server.url, SIMULATED, silence=0.2).stream())
    released.set()


def test_a_stream_that_ends_is_not_taken_for_quiet(serve: Callable[[Callable[[Asked], Told]], Server]) -> None:
    server = serve(lambda _asked: Told(iter([b": hello\n\n"]), content_type="text/event-stream"))
    with pytest.raises(Unavailable, match="ended"):
        next(MarketData(server.url, SIMULATED).stream())


def test_the_other_market_is_refused(around: Surroundings) -> None:
    live = Markets("live")
    for ask in (
        MarketData(around.market.server.url, live).quotes,
        MarketData(around.market.server.url, live).instruments,
        MarketData(around.market.server.url, live).stream().__next__,
        Executors([around.executors[0].server.url], live).account,
        Executors([around.executors[0].server.url], live).positions,
        Canary(around.canary.server.url, live).status,
    ):
        with pytest.raises(Unavailable, match="on the simulated market, this console on the live one"):
            ask()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"market":"simulated","quotes":[{"symbol":1}]}', b"\xff"])
def test_an_answer_that_cannot_be_read_is_no_answer(
    body: bytes, serve: Callable[[Callable[[Asked], Told]], Server]
) -> None:
    with pytest.raises(Unavailable, match="can't be read"):
        MarketData(serve(lambda _asked: Told(body)).url, SIMULATED).quotes()


def test_a_dead_first_executor_does_not_stop_reading(pair: list[trading_world.Executor]) -> None:
    executors = client(pair)
    assert executors.orders(5) == ()
    pair[0].stop()
    assert executors.account().account == "paper"
    assert executors.positions() == ()


def test_the_executor_that_answered_last_is_asked_first(pair: list[trading_world.Executor]) -> None:
    executors = client(pair)
    pair[0].stop()
    for _ in range(3):
        executors.account()
    assert len(pair[1].server.asked) == 3


def test_all_executors_away_names_each(pair: list[trading_world.Executor]) -> None:
    executors = client(pair)
    for executor in pair:
        executor.stop()
    with pytest.raises(Unavailable, match=r"executor-1: .*; executor-2: .*"):
        executors.account()


def test_an_order_goes_to_the_next_executor_when_the_first_cannot_be_connected_to(
    pair: list[trading_world.Executor],
) -> None:
    executors = client(pair)
    pair[0].stop()
    passed = executors.place(ORDER, TOKEN)
    assert passed.status == 201
    assert len(pair[1].orders) == 1


def test_an_order_whose_outcome_is_unknown_is_sent_to_nobody_else(
    pair: list[trading_world.Executor], serve: Callable[[Callable[[Asked], Told]], Server]
) -> None:
    def cut(_asked: Asked) -> Told:
        raise OSError("the connection is cut after the order was read")

    cutting = serve(cut)
    executors = Executors([cutting.url, pair[1].server.url], SIMULATED)
    with pytest.raises(Unavailable):
        executors.place(ORDER, TOKEN)
    assert posts(pair[1]) == 0


@pytest.mark.parametrize("status", [401, 409, 422, 503])
def test_whatever_an_executor_answers_to_an_order_is_the_answer(
    status: int, pair: list[trading_world.Executor], serve: Callable[[Callable[[Asked], Told]], Server]
) -> None:
    body = {"error": {"code": "SOME_CODE", "message": "why", "retryable": False, "details": {}}}
    refusing = serve(lambda _asked: told(body, status))
    passed = Executors([refusing.url, pair[1].server.url], SIMULATED).place(ORDER, TOKEN)
    assert (passed.status, b"SOME_CODE" in passed.body) == (status, True)
    assert posts(pair[1]) == 0


def test_evidence_comes_whole_and_an_unknown_package_is_not_found(around: Surroundings, tmp_path: Path) -> None:
    canary = Canary(around.canary.server.url, SIMULATED)
    assert [package.name for package in canary.packages()] == [world.PACKAGE]
    assert b"".join(canary.evidence(world.PACKAGE)) == world.PACKAGE_BYTES
    with pytest.raises(NotFound):
        canary.evidence("canary_0.1.0_20200101T000000Z.zip")
    around.canary.stop()
    with pytest.raises(Unavailable):
        canary.evidence(world.PACKAGE)
