"""AlgoLab's REST calls over a real socket: signatures, the budget, sessions."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.venue.algolab.rig import Bist, checker, post, running_bist
from tests.venue.rig import eventually

THYAO = {"symbol": "THYAO"}


@pytest.fixture
def bist() -> Iterator[Bist]:
    with running_bist() as running:
        yield running


def test_a_shares_prices_and_limits_are_texts_of_three_digits(bist: Bist) -> None:
    status, answer = post(bist, "GetEquityInfo", THYAO, bist.session())
    truth = bist.truth("THYAO")
    assert (status, answer["success"], answer["message"]) == (200, True, "")
    content = answer["content"]
    assert list(content) == ["name", "flr", "clg", "ask", "bid", "lst", "limit", "min", "max", "step"]
    assert (content["name"], content["flr"], content["clg"]) == ("THYAO", "281.250", "343.750")
    assert Decimal(content["bid"]) == truth.bids[0].price < Decimal(content["ask"]) == truth.asks[0].price
    assert Decimal(content["lst"]) == truth.last


@pytest.mark.parametrize("symbol", ["NOSUCH", "XU100", "USDTRY"])
def test_only_shares_are_known(bist: Bist, symbol: str) -> None:
    status, answer = post(bist, "GetEquityInfo", {"symbol": symbol}, bist.session())
    assert (status, answer["success"], answer["content"]) == (200, False, None)


@pytest.mark.parametrize(
    "headers",
    [
        {"APIKEY": "API-another"},
        {"Checker": "0" * 64},
        {"Checker": checker("/api/GetEquityInfo", '{"symbol":"GARAN"}')},
        {"Checker": checker("/api/api/GetEquityInfo", '{"symbol":"THYAO"}')},
        {"Authorization": "another"},
    ],
)
def test_a_wrong_key_signature_or_session_is_unauthorized(bist: Bist, headers: dict[str, str]) -> None:
    assert post(bist, "GetEquityInfo", THYAO, bist.session(), **headers)[0] == 401
    assert post(bist, "GetEquityInfo", THYAO)[0] == 401


def test_a_second_request_within_the_period_is_too_many() -> None:
    with running_bist(request_seconds=60.0) as bist:
        session = bist.session()
        assert post(bist, "GetEquityInfo", THYAO, session)[0] == 200
        assert post(bist, "SessionRefresh", {}, session)[0] == 429
        assert bist.server.counters.answers["too_many"] == 1


def test_a_refused_request_does_not_prolong_the_wait() -> None:
    with running_bist(request_seconds=0.3) as bist:
        session = bist.session()
        assert post(bist, "GetEquityInfo", THYAO, session)[0] == 200
        eventually(lambda: post(bist, "GetEquityInfo", THYAO, session)[0] == 200)


@pytest.mark.parametrize("body", [{}, {"symbol": 7}, {"code": "THYAO"}])
def test_a_body_without_a_symbol_is_refused(bist: Bist, body: dict[str, object]) -> None:
    assert post(bist, "GetEquityInfo", body, bist.session())[0] == 400
