"""REST answers that a fault wrote oddly, as a client gets them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.venue.btcturk.rig import Venue, running_venue
from venue.btcturk.odd_answers import ODDITIES

PATHS = {
    "exchangeinfo": "/api/v2/server/exchangeinfo",
    "ticker": "/api/v2/ticker",
    "trades": "/api/v2/trades?pairSymbol=ETHUSDT",
    "orderbook": "/api/v2/orderbook?pairSymbol=ETHUSDT",
    "time": "/api/v2/server/time",
    "ohlcs": "/v1/ohlcs?pair=ETHUSDT",
    "klines": "/v1/klines/history?symbol=ETHUSDT&resolution=1&from=1789999000&to=1790000000",
}


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    with running_venue() as running:
        yield running


@pytest.fixture
def http(venue: Venue) -> FlaskClient:
    return venue.app().test_client()


def _asked(venue: Venue, http: FlaskClient, endpoint: str, oddity: str) -> tuple[Any, Any]:
    """Returns an answer, and the same one written oddly."""
    plain = http.get(PATHS[endpoint]).get_data()
    venue.server.faults.arm("odd_answer", endpoint=endpoint, oddity=oddity)
    odd = http.get(PATHS[endpoint]).get_data()
    assert venue.server.faults.armed() == []
    return json.loads(plain), json.loads(odd)


@pytest.mark.slow
@pytest.mark.parametrize("oddity", ODDITIES)
@pytest.mark.parametrize("endpoint", sorted(PATHS))
def test_every_answer_can_be_asked_for_in_every_odd_form(
    venue: Venue, http: FlaskClient, endpoint: str, oddity: str
) -> None:
    plain, odd = _asked(venue, http, endpoint, oddity)
    assert type(odd) is type(plain)


def test_numbers_come_as_texts_with_exponents_and_as_floats(venue: Venue, http: FlaskClient) -> None:
    _, odd = _asked(venue, http, "orderbook", "numbers")
    kinds = {type(part) for level in odd["data"]["bids"] for part in level}
    assert kinds == {str, float}


@pytest.mark.parametrize("endpoint", ["ticker", "trades", "ohlcs"])
def test_a_list_has_a_row_that_means_nothing(venue: Venue, http: FlaskClient, endpoint: str) -> None:
    _, odd = _asked(venue, http, endpoint, "bad_row")
    assert (odd if endpoint == "ohlcs" else odd["data"])[0] is None


def test_a_pair_has_no_rules(venue: Venue, http: FlaskClient) -> None:
    plain, odd = _asked(venue, http, "exchangeinfo", "bad_row")
    assert odd["data"]["symbols"][0]["filters"] is None
    assert odd["data"]["symbols"][1:] == plain["data"]["symbols"]


def test_columns_have_a_row_that_means_nothing(venue: Venue, http: FlaskClient) -> None:
    plain, odd = _asked(venue, http, "klines", "bad_row")
    assert odd["c"] == [None, *plain["c"]]


def test_a_book_has_a_level_of_nothing(venue: Venue, http: FlaskClient) -> None:
    _, odd = _asked(venue, http, "orderbook", "zero_row")
    assert odd["data"]["bids"][0][1] == "0.00000000"


def test_prices_went_through_a_small_float(venue: Venue, http: FlaskClient) -> None:
    plain, odd = _asked(venue, http, "ticker", "float_noise")
    pairs = zip(plain["data"], odd["data"], strict=True)
    assert any(one["last"] != other["last"] for one, other in pairs)
