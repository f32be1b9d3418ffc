"""A candidate whose answers can't be read is worse; a baseline whose answers can't be read says nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from canary.trial.books import faults
from canary.trial.record import Record
from canary.trial.results import LONGEST_TOLD, Pair, failed
from canary.trial.side import MarketDataClient, Side, SideFailed
from canary.trial.traffic import Trial
from common import wire
from common.clock import SYSTEM_CLOCK
from tests.canary.servers import Reply, Site, closed_port
from tests.canary.test_trial import BUY, as_dict, books, order, outcome, sound

ACCOUNT = wire.encode(books().before)


@contextmanager
def executor(account: Reply) -> Iterator[str]:
    """The address of an executor that gives this account."""
    site = Site()
    site.routes["/v1/account"] = account
    try:
        yield site.url
    finally:
        site.stop()


def trial(baseline: Reply, candidate: Reply) -> Record:
    """The record of a trial of two such executors, without market data."""
    with executor(baseline) as first, executor(candidate) as second:
        return Trial(
            baseline=Side("baseline", first, "token", time.perf_counter),
            candidate=Side("candidate", second, "token", time.perf_counter),
            market=MarketDataClient(f"http://127.0.0.1:{closed_port()}", time.perf_counter),
            clock=SYSTEM_CLOCK,
            pause=time.sleep,
            tell=lambda _line: None,
        ).run()


WRONG = [
    (500, "application/json", b"{}"),
    (200, "text/html", b"<p>busy"),
    (200, "application/json", b'{"account":"paper"}'),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_an_account_that_can_not_be_read_counts_against_its_own_side(wrong: Reply) -> None:
    right = (200, "application/json", ACCOUNT)
    worse = outcome(trial(right, wrong))
    assert worse.outcome == "worse"
    assert worse.reasons[0].startswith("1 of 1 requests failed on the candidate, 0 on the baseline: http://127.0.0.1:")
    unclear = outcome(trial(wrong, right))
    assert unclear.outcome == "unclear"
    assert unclear.reasons[0].startswith("the baseline failed 1 times itself: http://127.0.0.1:")


def test_market_data_that_is_away_counts_against_nobody() -> None:
    right = (200, "application/json", ACCOUNT)
    result = outcome(trial(right, right))
    assert (result.outcome, result.candidate_failures, result.baseline_failures) == ("unclear", 0, 0)
    assert "/v1/instruments: no whole answer" in result.reasons[0]


@pytest.mark.parametrize("number", ["many", "NaN", "sNaN", "-Infinity", "1E+999999", "", "1\n", "9" * 100])
@pytest.mark.parametrize("place", ["fees", "average_price", "fill"])
def test_an_order_with_a_number_that_is_none_has_failed(number: str, place: str) -> None:
    fill = {"trade_id": "1", "price": number, "quantity": "0.00005", "fee": "0", "filled_at": "2026-12-01T00:00:00Z"}
    changed: dict[str, Any] = {"fills": [fill]} if place == "fill" else {place: number}
    pair = Pair(BUY, order(), order(**changed))
    assert failed(pair.candidate, BUY)
    record = sound()
    assert record.add_failures(pair)
    told = outcome(record).reasons[0]
    assert told.endswith("order trial-1-buy: status 201 with an answer that is neither an order nor an error")


def test_the_words_of_an_executor_are_told_in_part() -> None:
    record = sound()
    assert record.add_failures(Pair(BUY, order(), order(status="denied", denials=[{"code": "X" * 10_000}]))) is False
    refused = order()
    long = type(refused)(seconds=0.1, status=422, body=wire.encode({"error": {"code": "X" * 10_000, "message": ""}}))
    assert record.add_failures(Pair(BUY, order(), long))
    assert len(outcome(record).reasons[0]) < 400


@pytest.mark.parametrize(("number", "told"), [("sNaN", "its amounts can't be added up"), ("1E+999999", "it has ")])
def test_amounts_beyond_all_bounds_are_a_fault_of_the_books_in_few_words(number: str, told: str) -> None:
    (fill,) = books().fills
    wrong = type(fill)(**{**as_dict(fill), "price": Decimal(number)})
    fault = faults(books(fills=(wrong,)), {"trial-1-buy": order()})[0]
    assert fault.startswith(told)
    assert len(fault) <= LONGEST_TOLD


def test_a_list_that_does_not_end_counts_against_its_side() -> None:
    site = Site()
    site.routes["/v1/orders"] = (200, "application/json", b'{"market":"simulated","orders":[],"next":1}')
    with pytest.raises(SideFailed, match="/v1/orders has more than 100 pages") as failure:
        Side("candidate", site.url, "token", time.perf_counter).books(books().before)
    site.stop()
    assert failure.value.side == "candidate"
    assert len(site.asked) == 100
