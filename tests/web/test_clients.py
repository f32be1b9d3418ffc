from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from common.errors import NotFound, Unavailable
from tests.web import trading_world, world
from tests.web.console import Surroundings
from tests.web.standin_server import Answer, Request, Server, json_answer
from web.clients import Canary, Executors, MarketData, Markets
from web.streams import QuoteStream

SIMULATED = Markets("simulated")
ORDER = b'{"client_order_id":"c1","symbol":"BTCTURK:BTCTRY","side":"buy","type":"market","quantity":"0.5"}'
TOKEN = f"Bearer {trading_world.TOKEN}"


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Request], Answer]], Server]]:
    servers: list[Server] = []

    def start(answer: Callable[[Request], Answer]) -> Server:
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


def test_the_other_market_is_refused(around: Surroundings) -> None:
    live = Markets("live")
    for ask in (
        MarketData(around.market.server.url, live).quotes,
        MarketData(around.market.server.url, live).instruments,
        QuoteStream(around.market.server.url, live).follow().__next__,
        Executors([around.executors[0].server.url], live).account,
        Executors([around.executors[0].server.url], live).valuation,
        Canary(around.canary.server.url, live).status,
    ):
        with pytest.raises(Unavailable, match="on the simulated market, this console on the live one"):
            ask()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"market":"simulated","quotes":[{"symbol":1}]}', b"\xff"])
def test_an_answer_that_cannot_be_read_is_no_answer(
    body: bytes, serve: Callable[[Callable[[Request], Answer]], Server]
) -> None:
    with pytest.raises(Unavailable, match="can't be read"):
        MarketData(serve(lambda _asked: Answer(body)).url, SIMULATED).quotes()


def test_a_dead_first_executor_does_not_stop_reading(pair: list[trading_world.Executor]) -> None:
    executors = client(pair)
    assert executors.orders(5) == ()
    pair[0].stop()
    assert executors.account().account == "paper"
    assert executors.valuation().account == "paper"


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
    forwarded = executors.forward("POST", "/v1/orders", ORDER, TOKEN)
    assert forwarded.status == 201
    assert len(pair[1].orders) == 1


def test_an_order_whose_outcome_is_unknown_is_sent_to_nobody_else(
    pair: list[trading_world.Executor], serve: Callable[[Callable[[Request], Answer]], Server]
) -> None:
    def cut(_asked: Request) -> Answer:
        raise OSError("the connection is cut after the order was read")

    cutting = serve(cut)
    executors = Executors([cutting.url, pair[1].server.url], SIMULATED)
    with pytest.raises(Unavailable):
        executors.forward("POST", "/v1/orders", ORDER, TOKEN)
    assert posts(pair[1]) == 0


@pytest.mark.parametrize("status", [401, 409, 422, 503])
def test_whatever_an_executor_answers_to_an_order_is_the_answer(
    status: int, pair: list[trading_world.Executor], serve: Callable[[Callable[[Request], Answer]], Server]
) -> None:
    body = {"error": {"code": "SOME_CODE", "message": "why", "retryable": False, "details": {}}}
    refusing = serve(lambda _asked: json_answer(body, status))
    forwarded = Executors([refusing.url, pair[1].server.url], SIMULATED).forward("POST", "/v1/orders", ORDER, TOKEN)
    assert (forwarded.status, b"SOME_CODE" in forwarded.body) == (status, True)
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


@pytest.mark.parametrize("status", [400, 404, 414, 422])
def test_a_name_that_the_canary_refuses_is_no_failure(
    serve: Callable[[Callable[[Request], Answer]], Server], status: int
) -> None:
    refusing = serve(lambda _asked: json_answer({"error": {"code": "INVALID_REQUEST"}}, status))
    with pytest.raises(NotFound):
        Canary(refusing.url, SIMULATED).evidence("foo.zip")
