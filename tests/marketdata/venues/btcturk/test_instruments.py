"""Instruments are loaded when the venue can be asked, at start or later."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from common.clock import SYSTEM_CLOCK
from common.loop import Stop
from marketdata.counters import Counters
from marketdata.link.dial_limits import Backoff
from marketdata.rest.budget import Budget
from marketdata.rest.client import RestClient, RetryPolicy
from marketdata.rest.replies import Reply, Unreachable
from marketdata.venues.btcturk.endpoints import API_ENDPOINTS, LIMITS
from marketdata.venues.btcturk.instruments import InstrumentLoader
from tests.marketdata.rig import http_server, rest_app
from tests.venue.btcturk.rig import Venue
from tests.venue.rig import eventually


def _loader(url: str, *pairs: str) -> InstrumentLoader:
    backoff = Backoff(0.02, 0.05, lambda _low, high: high)
    client = RestClient(
        url,
        API_ENDPOINTS,
        budget=Budget(LIMITS, monotonic=time.monotonic),
        clock=SYSTEM_CLOCK,
        retries=RetryPolicy(deadline=2.0, attempts=1),
    )
    return InstrumentLoader(client, pairs, backoff=backoff, missing_retry=0.05, counters=Counters())


@contextmanager
def _started(loader: InstrumentLoader) -> Iterator[InstrumentLoader]:
    stop = Stop()
    loader.loop.start(stop)
    try:
        yield loader
    finally:
        stop.set()


def test_only_the_configured_pairs_are_kept(venue: Venue) -> None:
    with http_server(rest_app(venue)) as url, _started(_loader(url, "BTCTRY", "ETHUSDT")) as loader:
        eventually(lambda: loader.trouble() is None)
        assert set(loader.instruments) == {"BTCTRY", "ETHUSDT"}


def test_a_missing_pair_is_named_and_the_others_are_there(venue: Venue) -> None:
    with http_server(rest_app(venue)) as url:
        loader = _loader(url, "BTCTRY", "NOPETRY", "btctry")
        assert loader.load() == 0.05
        assert loader.trouble() == "the venue does not trade NOPETRY, btctry"
        assert set(loader.instruments) == {"BTCTRY"}


class _Answers:
    """Gives one answer after the other; None is a venue that is away."""

    def __init__(self, *bodies: bytes | None) -> None:
        self._bodies = iter(bodies)

    def get(self, endpoint: str, *_more: object) -> Reply:
        body = next(self._bodies)
        if body is None:
            raise Unreachable(endpoint, "away")
        return Reply(200, body)


def test_an_answer_ends_the_back_off_of_the_failures_before_it() -> None:
    client = _Answers(None, None, b'{"success":true,"data":{"symbols":[]}}', None)
    backoff = Backoff(1.0, 60.0, lambda _low, high: high)
    loader = InstrumentLoader(client, ["BTCTRY"], backoff=backoff, missing_retry=5.0, counters=Counters())
    assert [loader.load() for _ in range(4)] == [1.0, 2.0, 5.0, 1.0]


def test_a_venue_that_comes_later_is_found(venue: Venue) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with _started(_loader(f"http://127.0.0.1:{port}", "BTCTRY")) as loader:
        eventually(lambda: "does not answer" in (loader.trouble() or ""))
        assert loader.instruments == {}
        with http_server(rest_app(venue), port=port):
            eventually(lambda: loader.trouble() is None)


@pytest.mark.parametrize(("status", "body"), [(503, "{}"), (200, "<html>"), (200, '{"success":false,"data":null}')])
def test_a_useless_answer_is_told_and_asked_for_again(status: int, body: str) -> None:
    app = Flask("useless")
    app.add_url_rule("/api/v2/server/exchangeinfo", "info", lambda: (body, status))
    with http_server(app) as url:
        loader = _loader(url, "BTCTRY")
        assert loader.load() > 0
        assert "exchangeinfo" in (loader.trouble() or "")
