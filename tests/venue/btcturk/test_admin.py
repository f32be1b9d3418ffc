"""The admin calls make the venue misbehave; they exist only when the settings say so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from tests.venue.btcturk.rig import Venue, client, running_venue
from tests.venue.rig import eventually


@pytest.fixture
def venue() -> Iterator[Venue]:
    with running_venue(warm_up=1.0) as running:
        yield running


@pytest.fixture
def http(venue: Venue) -> FlaskClient:
    return venue.app(SPARK_VENUE_ADMIN="on").test_client()


@pytest.mark.parametrize("path", ["/admin/btcturk/faults", "/admin/btcturk/limits", "/admin/btcturk/books/BTCTRY"])
def test_by_default_there_are_no_such_calls(venue: Venue, path: str) -> None:
    app = venue.app()
    assert app.test_client().get(path).status_code == 404
    assert app.test_client().post(path, json={"fault": "reset"}).status_code in (404, 405)


def test_a_fault_is_armed_done_and_shown(http: FlaskClient, venue: Venue) -> None:
    answer = http.post("/admin/btcturk/faults", json={"fault": "garbage", "count": 2})
    assert (answer.status_code, answer.get_json()) == (201, {"fault": "garbage", "count": 2})
    assert http.get("/admin/btcturk/faults").get_json()["armed"] == [{"fault": "garbage", "count": 2}]
    with client(venue.url) as reader:
        assert str(reader.socket.recv(5)).startswith("<html>")
        assert str(reader.socket.recv(5)).startswith("<html>")
    shown = http.get("/admin/btcturk/faults").get_json()
    assert (shown["armed"], shown["done"]["garbage"]) == ([], 2)
    assert 'venue_faults_total{fault="garbage",venue="btcturk"} 2.0' in http.get("/metrics").text


def test_all_faults_can_be_cleared(http: FlaskClient) -> None:
    http.post("/admin/btcturk/faults", json={"fault": "reset"})
    assert http.delete("/admin/btcturk/faults").get_json()["armed"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"fault": "explode"}, "fault"),
        ({"fault": "reset", "when": 1}, "when"),
        ({"fault": "close", "code": 1}, "code"),
        ({"fault": "silence", "seconds": -0.5}, "seconds"),
        ({"fault": "rest_status", "retry_after": -1}, "retry_after"),
    ],
)
def test_a_wrong_request_for_a_fault_names_its_field(http: FlaskClient, body: dict[str, object], field: str) -> None:
    answer = http.post("/admin/btcturk/faults", json=body)
    assert (answer.status_code, answer.get_json()["error"]["details"]["field"]) == (422, field)


def test_the_worst_windows_of_clients_are_shown(http: FlaskClient, venue: Venue) -> None:
    for _ in range(3):
        http.get("/api/v2/trades?pairSymbol=BTCTRY")
    with client(venue.url), client(venue.url):
        shown = http.get("/admin/btcturk/limits").get_json()
    assert (shown["worst_windows"]["trades"], shown["worst_windows"]["dial"]) == (3, 2)
    assert shown["refused"]["trades"] == 0
    assert shown["quotas"]["trades"]["period"] == 60.0


def test_the_book_is_shown_and_settles_when_the_market_stands(http: FlaskClient, venue: Venue) -> None:
    with client(venue.url) as reader:
        reader.ask("obdiff", "BTCTRY")
        reader.next_of(431)
        assert http.get("/admin/btcturk/books/BTCTRY").get_json()["settled"] is False
        assert http.post("/admin/btcturk/market", json={"moving": False}).status_code == 200
        eventually(lambda: http.get("/admin/btcturk/books/BTCTRY").get_json()["settled"])
        book, view = http.get("/admin/btcturk/books/BTCTRY").get_json(), venue.server.views["BTCTRY"]
        assert len(book["bids"]) == len(book["asks"]) == 100
        assert book["asks"][0][0] == view.spec.price_text(view.asks[0][0])
        http.post("/admin/btcturk/market", json={"moving": True})
        venue.move(1)
    assert http.get("/admin/btcturk/books/NOPETRY").status_code == 404


@pytest.mark.parametrize("path", ["/admin/btcturk/faults", "/admin/btcturk/limits", "/admin/btcturk/books/BTCTRY"])
def test_an_unknown_query_parameter_of_an_admin_call_is_refused_by_name(http: FlaskClient, path: str) -> None:
    answer = http.get(f"{path}?nope=1")
    assert (answer.status_code, answer.get_json()["error"]["details"]["field"]) == (422, "nope")
