"""Instruments are loaded when the venue can be asked, at start or later, and again and again after that."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from common.clock import SYSTEM_CLOCK, Clock
from common.loop import Stop
from marketdata.counters import Counters, zeros
from marketdata.link.dial_limits import Backoff
from marketdata.rest.budget import Budget
from marketdata.rest.client import RestClient, RetryPolicy
from marketdata.rest.replies import Reply, Unreachable
from marketdata.venues.btcturk.endpoints import API_ENDPOINTS, LIMITS, Rest
from marketdata.venues.btcturk.instrument_file import InstrumentFile
from marketdata.venues.btcturk.instruments import InstrumentLoader, InstrumentOutlets, InstrumentTimings
from marketdata.venues.btcturk.known_pairs import CHANGES
from marketdata.venues.btcturk.notes import ChangedInstrument, Notes
from tests.common.local import http_server
from tests.marketdata.rig import rest_app
from tests.venue.btcturk.rig import Venue
from tests.venue.rig import eventually

TIMINGS = InstrumentTimings(refresh=60.0, again=31.0, calm=10.0, confirm=30.0)
QUICK = InstrumentTimings(refresh=0.05, again=0.05, calm=0.01, confirm=0.03)


def _built(
    client: Rest, pairs: Sequence[str], timings: InstrumentTimings, path: Path | None = None, clock: Clock | None = None
) -> tuple[InstrumentLoader, InstrumentOutlets]:
    file = InstrumentFile(path, "http://venue", SYSTEM_CLOCK.unix)
    outlets = InstrumentOutlets(file, Notes(), Counters(instrument_changes=zeros(CHANGES)))
    backoff = Backoff(0.5, 60.0, lambda _low, high: high)
    return InstrumentLoader(
        client, pairs, outlets, timings=timings, backoff=backoff, clock=clock or SYSTEM_CLOCK
    ), outlets


def _loader(url: str, *pairs: str, timings: InstrumentTimings = QUICK) -> InstrumentLoader:
    client = RestClient(
        url,
        API_ENDPOINTS,
        budget=Budget(LIMITS, monotonic=time.monotonic),
        clock=SYSTEM_CLOCK,
        retries=RetryPolicy(deadline=5.0, attempts=1),
    )
    return _built(client, pairs, timings)[0]


@contextmanager
def _started(loader: InstrumentLoader) -> Iterator[InstrumentLoader]:
    stop = Stop()
    loader.loop.start(stop)
    try:
        yield loader
    finally:
        stop.set()


def _symbol(name: str = "BTCTRY", **changed: Any) -> dict[str, Any]:
    rules = [{"filterType": "PRICE_FILTER", "tickSize": "1", "minExchangeValue": "99"}]
    symbol = {"id": 1, "name": name, "status": "TRADING", "numerator": name[:3], "denominator": name[3:]}
    return symbol | {"numeratorScale": 8, "filters": rules} | changed


def _body(*symbols: dict[str, Any]) -> bytes:
    return json.dumps({"success": True, "data": {"symbols": symbols}}).encode()


GOOD, HALTED, EMPTY = _body(_symbol()), _body(_symbol(status="HALTED")), _body()
OTHERS = _body(_symbol("ETHTRY", id=2))


class _Answers:
    """Gives one answer after the other; None is a venue that is away."""

    def __init__(self, *bodies: bytes | None) -> None:
        self._bodies = iter(bodies)

    def get(self, endpoint: str, *_more: object) -> Reply:
        body = next(self._bodies)
        if body is None:
            raise Unreachable(endpoint, "away")
        return Reply(200, body)


class _Time:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> Clock:
        return Clock(lambda: self.now, SYSTEM_CLOCK.unix)


def test_only_the_configured_pairs_are_kept(venue: Venue) -> None:
    with http_server(rest_app(venue)) as url, _started(_loader(url, "BTCTRY", "ETHUSDT")) as loader:
        eventually(lambda: loader.trouble() is None)
        assert set(loader.instruments) == {"BTCTRY", "ETHUSDT"}


def test_a_missing_pair_is_named_and_the_others_are_there(venue: Venue) -> None:
    with http_server(rest_app(venue)) as url:
        loader = _loader(url, "BTCTRY", "NOPETRY", "btctry", timings=TIMINGS)
        assert loader.load() == 60.0
        assert loader.trouble() == "the venue does not trade NOPETRY, btctry"
        assert set(loader.instruments) == {"BTCTRY"}


def test_failures_before_the_first_answer_back_off_and_later_ones_keep_a_steady_pace() -> None:
    loader, _ = _built(_Answers(None, None, GOOD, None, EMPTY, GOOD), ["BTCTRY"], TIMINGS)
    assert [loader.load() for _ in range(6)] == [0.5, 1.0, 60.0, 31.0, 31.0, 60.0]


def test_a_venue_that_comes_later_is_found(venue: Venue) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with _started(_loader(f"http://127.0.0.1:{port}", "BTCTRY")) as loader:
        eventually(lambda: "does not answer" in (loader.trouble() or ""))
        assert loader.instruments == {}
        with http_server(rest_app(venue), port=port):
            eventually(lambda: loader.trouble() is None)


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, "{}"), (200, "<html>"), (200, '{"success":false,"data":null}'), (200, EMPTY.decode())],
)
def test_a_useless_answer_is_told_and_asked_for_again(status: int, body: str) -> None:
    app = Flask("useless")
    app.add_url_rule("/api/v2/server/exchangeinfo", "info", lambda: (body, status))
    with http_server(app) as url:
        loader = _loader(url, "BTCTRY")
        assert loader.load() > 0
        assert "exchangeinfo" in (loader.trouble() or "")
        assert (loader.net.failures, loader.net.torn) == (1, False)


@pytest.mark.parametrize("useless", [None, EMPTY, b"<html>", b'{"success":false,"data":null}'])
def test_a_useless_answer_changes_nothing_that_is_known(useless: bytes | None) -> None:
    loader, outlets = _built(_Answers(GOOD, *[useless] * 3, GOOD), ["BTCTRY"], TIMINGS)
    loader.load()
    known = loader.instruments
    outlets.notes.get_nowait()
    for _ in range(3):
        loader.load()
    assert (loader.instruments, loader.trouble(), outlets.notes.empty()) == (known, None, True)
    assert "exchangeinfo" in str(loader.net.trouble())
    loader.load()
    assert loader.net.trouble() is None


def test_a_change_is_told_to_the_worker_counted_and_shown() -> None:
    loader, outlets = _built(_Answers(GOOD, HALTED, HALTED, GOOD), ["BTCTRY"], TIMINGS)
    for _ in range(4):
        loader.load()
    told = [outlets.notes.get_nowait() for _ in range(outlets.notes.qsize())]
    assert told == [ChangedInstrument("BTCTRY", phase) for phase in ("continuous", "halted", "continuous")]
    counts = outlets.counters.instrument_changes
    assert (counts["halted"], counts["trading"], counts["listed"]) == (1, 1, 0)
    assert loader.instruments["BTCTRY"].state == "trading"


def test_a_halted_pair_stays_joined_and_is_named() -> None:
    loader, _ = _built(_Answers(HALTED), ["BTCTRY"], TIMINGS)
    loader.load()
    assert (set(loader.tradable()), set(loader.resting())) == ({"BTCTRY"}, {"BTCTRY"})
    assert loader.not_trading() == {"BTCTURK:BTCTRY": "halted: the venue's status is 'HALTED'"}
    assert loader.trouble() is None


def test_a_pair_that_lacks_once_is_asked_for_again_soon_and_is_delisted_by_the_second_answer() -> None:
    moment = _Time()
    loader, outlets = _built(_Answers(GOOD, OTHERS, EMPTY, OTHERS), ["BTCTRY"], TIMINGS, clock=moment.clock())
    waits = []
    for now in (0.0, 60.0, 91.0, 122.0):
        moment.now = now
        waits.append(loader.load())
    assert waits == [60.0, 31.0, 31.0, 60.0]
    assert (list(loader.tradable()), outlets.counters.instrument_changes["delisted"]) == ([], 1)
    assert loader.instruments["BTCTRY"].state == "delisted"


def test_a_hint_that_brings_no_change_is_followed_up_when_the_venues_cache_is_over() -> None:
    loader, _ = _built(_Answers(GOOD, GOOD, HALTED), ["BTCTRY"], TIMINGS)
    loader.load()
    loader.hint("a join was refused")
    assert loader.load() == 31.0
    loader.hint("a join was refused")
    assert loader.load() == 60.0


def test_hints_bring_one_call_at_once_and_no_more_than_one_in_each_calm_span() -> None:
    asked: list[float] = []
    app = Flask("counting")

    def info() -> bytes:
        asked.append(time.monotonic())
        return GOOD

    app.add_url_rule("/api/v2/server/exchangeinfo", "info", info)
    slow = InstrumentTimings(refresh=3_600.0, again=3_600.0, calm=0.5, confirm=30.0)
    with http_server(app) as url, _started(_loader(url, "BTCTRY", timings=slow)) as loader:
        eventually(lambda: len(asked) == 1)
        until = time.monotonic() + 1.2
        while time.monotonic() < until:
            loader.hint("a price is off its tick")
            time.sleep(0.005)
        eventually(lambda: len(asked) >= 2)
    assert all(later - earlier >= 0.49 for earlier, later in pairwise(asked))


def test_the_first_answer_after_a_restart_is_compared_with_what_the_file_kept(tmp_path: Path) -> None:
    path = tmp_path / "instruments.json"
    _built(_Answers(GOOD), ["BTCTRY"], TIMINGS, path)[0].load()
    loader, outlets = _built(_Answers(None, HALTED), ["BTCTRY", "ETHTRY"], TIMINGS, path)
    assert list(loader.tradable()) == ["BTCTRY"]
    assert str(loader.trouble()).startswith("those that the venue told at 20")
    assert outlets.notes.get_nowait() == ChangedInstrument("BTCTRY", "continuous")
    assert loader.load() == 0.5
    assert str(loader.trouble()).endswith("UTC are used: exchangeinfo: away")
    loader.load()
    assert outlets.notes.get_nowait() == ChangedInstrument("BTCTRY", "halted")
    assert outlets.counters.instrument_changes["halted"] == 1
    assert loader.trouble() == "the venue does not trade ETHTRY"


def test_a_pair_halted_before_a_restart_is_halted_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "instruments.json"
    _built(_Answers(HALTED), ["BTCTRY"], TIMINGS, path)[0].load()
    loader, outlets = _built(_Answers(), ["BTCTRY"], TIMINGS, path)
    assert outlets.notes.get_nowait() == ChangedInstrument("BTCTRY", "halted")
    assert list(loader.not_trading()) == ["BTCTURK:BTCTRY"]


@pytest.mark.parametrize("bad", [{"filters": None}, {"numeratorScale": "many"}, {"status": None}])
def test_a_bad_row_is_counted_and_neither_delists_its_pair_nor_spoils_the_others(bad: dict[str, Any]) -> None:
    at = _Time()
    rest = _symbol("ETHTRY", id=2)
    spoilt = [_body(_symbol(**bad), rest)] * 3
    loader, outlets = _built(_Answers(_body(_symbol(), rest), *spoilt), ["BTCTRY", "ETHTRY"], TIMINGS, clock=at.clock())
    before = loader.load(), dict(loader.instruments)
    for _ in spoilt:
        at.now += 60.0
        assert loader.load() == 60.0
    assert (loader.instruments, loader.trouble(), loader.net.torn) == (before[1], None, False)
    assert outlets.counters.left_out["exchangeinfo"] == len(spoilt)


def test_a_pair_is_not_delisted_by_answers_with_a_row_that_names_no_pair() -> None:
    at = _Time()
    nameless = _body(_symbol("ETHTRY", id=2), _symbol() | {"name": None})
    loader, outlets = _built(_Answers(GOOD, *[nameless] * 3), ["BTCTRY"], TIMINGS, clock=at.clock())
    for _ in range(4):
        loader.load()
        at.now += 60.0
    assert loader.instruments["BTCTRY"].state == "trading"
    assert outlets.counters.left_out["exchangeinfo"] == 3
