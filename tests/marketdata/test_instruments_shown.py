"""The state of each instrument as clients, operators and Prometheus see it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from common.wire import Instrument, decode, encode
from marketdata.app import create_app
from marketdata.venues.btcturk.instruments import InstrumentTimings
from tests.common.local import http_server
from tests.marketdata.rig import rest_app, running_marketdata, settings_for
from tests.venue.btcturk.rig import Venue, running_venue
from tests.venue.rig import eventually
from venue.btcturk.rules import PairChange

BTCTRY, ETHUSDT, NOPETRY = "BTCTURK:BTCTRY", "BTCTURK:ETHUSDT", "BTCTURK:NOPETRY"
QUICK = InstrumentTimings(refresh=0.1, again=0.1, calm=0.05, confirm=0.15)
HALT = PairChange(status="HALTED")


@pytest.fixture
def venue() -> Iterator[Venue]:
    with running_venue(warm_up=1.0) as running:
        yield running


@pytest.fixture
def http(venue: Venue, tmp_path: Path) -> Iterator[FlaskClient]:
    """Market data that follows two pairs, and one that the venue does not have."""
    with http_server(rest_app(venue)) as url:
        settings = settings_for(venue.url, url, "BTCTRY,ETHUSDT,NOPETRY", SPARK_DATA_DIR=str(tmp_path))
        with running_marketdata(settings, QUICK) as parts:
            client = create_app(settings, parts).test_client()
            eventually(lambda: client.get("/v1/instruments").status_code == 200)
            yield client


def instrument(http: FlaskClient, symbol: str = BTCTRY) -> dict[str, Any]:
    shown = http.get("/v1/instruments").get_json()["instruments"]
    return next(one for one in shown if one["symbol"] == symbol)


def samples(http: FlaskClient, name: str) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(http.get("/metrics").text)
    found = (sample for family in families for sample in family.samples if sample.name == name)
    return {tuple(sorted(sample.labels.values())): sample.value for sample in found}


def states(http: FlaskClient, symbol: str) -> set[str]:
    """The states of a symbol whose gauge is 1."""
    found = samples(http, "marketdata_instrument_state")
    return {label for labels, value in found.items() if value and symbol in labels for label in labels} - {symbol}


def test_whether_each_symbol_trades_and_every_change_is_there_before_anything_happens(http: FlaskClient) -> None:
    shown = samples(http, "marketdata_instrument_state")
    assert shown == {
        (BTCTRY, "trading"): 1,
        (ETHUSDT, "trading"): 1,
        (NOPETRY, "trading"): 0,
        (NOPETRY, "unlisted"): 1,
    }
    assert (states(http, BTCTRY), states(http, NOPETRY)) == ({"trading"}, {"unlisted"})
    changes = samples(http, "marketdata_instrument_changes_total")
    names = ("trading", "halted", "delisted", "renamed", "listed", "tick_size", "lot_size", "min_notional")
    assert {changes["BTCTURK", name] for name in names} == {0}
    assert samples(http, "marketdata_safety_net_works")["BTCTURK", "instruments"] == 1


def test_a_halt_is_seen_in_every_answer_and_metric(http: FlaskClient, venue: Venue) -> None:
    assert (instrument(http)["state"], instrument(http)["reason"]) == ("trading", "")
    venue.server.change_pair("BTCTRY", HALT)
    eventually(lambda: instrument(http)["state"] == "halted")
    eventually(lambda: http.get(f"/v1/status/{BTCTRY}").get_json()["status"]["phase"] == "halted")
    assert instrument(http)["reason"] == "the venue's status is 'HALTED'"
    assert http.get(f"/v1/quotes/{BTCTRY}").get_json()["phase"] == "halted"
    assert http.get(f"/v1/books/{BTCTRY}").get_json()["phase"] == "halted"
    assert http.get(f"/v1/quotes/{ETHUSDT}").get_json()["phase"] == "continuous"
    assert states(http, BTCTRY) == {"halted"}
    assert samples(http, "marketdata_instrument_changes_total")["BTCTURK", "halted"] == 1
    (row,) = http.get("/v1/feeds").get_json()["feeds"]
    assert row["not_trading"] == {BTCTRY: "halted: the venue's status is 'HALTED'"}


def test_a_stream_that_asks_for_instruments_gets_them_and_each_change(http: FlaskClient, venue: Venue) -> None:
    answer = http.get(f"/v1/stream?symbols={BTCTRY}&kinds=instrument", buffered=False)
    chunks = cast(Iterator[bytes], iter(answer.response))
    seen = b""

    def read_until(name: bytes) -> dict[str, Any]:
        nonlocal seen
        while (start := seen.find(b"event: " + name)) < 0 or b"\n\n" not in seen[start:]:
            seen += next(chunks)
        text = seen[start:].split(b"\n\n")[0]
        seen = seen[start + len(text) :]
        return dict(json.loads(text.split(b"data: ", 1)[1].split(b"\n")[0]))

    first = read_until(b"snapshot")["instruments"]
    assert [(one["symbol"], one["state"]) for one in first] == [(BTCTRY, "trading")]
    venue.server.change_pair("BTCTRY", HALT)
    while (told := read_until(b"instrument"))["state"] != "halted":
        assert told["symbol"] == BTCTRY
    assert told["tick_size"] == instrument(http)["tick_size"]
    answer.close()


def test_an_instrument_without_a_state_trades_and_one_with_more_fields_is_read() -> None:
    sizes = '"tick_size":"1","lot_size":"1","min_notional":"0"'
    body = f'{{"symbol":"A:B","base_asset":"A","quote_currency":"B",{sizes},"later":1}}'
    known = decode(Instrument, body)
    assert (known.state, known.reason) == ("trading", "")
    assert decode(Instrument, encode(known)) == known
