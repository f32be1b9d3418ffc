"""A change needs the operator's token; a wrong token is refused, logged, counted and slowed at every door."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from urllib3.util import make_headers

from tests.gateway.rig import DOORS, OPERATOR, READER, Gateway, Place
from tests.repo import compose
from tests.repo.exports import HAPROXY

pytestmark = pytest.mark.engine

OURS = compose.published()
CHANGES = [
    ("alertmanager", "POST", "/api/v2/alerts"),
    ("alertmanager", "POST", "/api/v2/silences"),
    ("alertmanager", "DELETE", "/api/v2/silence/1"),
    ("alertmanager", "POST", "/-/reload"),
    ("alertmanager", "OPTIONS", "/api/v2/silences"),
    ("prometheus", "POST", "/api/v1/admin/tsdb/delete_series"),
    ("prometheus", "PUT", "/api/v1/admin/tsdb/snapshot"),
    ("prometheus", "POST", "/-/quit"),
    ("prometheus", "PUT", "/-/reload"),
    ("prometheus", "POST", "/api/v1/write"),
    ("prometheus", "POST", "/api/v1/query/"),
    ("prometheus", "PUT", "/api/v1/query"),
    ("prometheus", "POST", "/api/v1/query/../admin/tsdb/snapshot"),
    ("prometheus", "POST", "/api/v1/query%2f..%2f..%2f-/quit"),
]
DIAGNOSES = ("/debug/pprof/profile?seconds=30", "/%64ebug/pprof/heap", "//debug/pprof/", "/x/../debug/pprof/")
QUERIES = ("query", "query_range", "query_exemplars", "series", "labels", "format_query")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(token: str) -> dict[str, str]:
    return {"Authorization": make_headers(basic_auth=f"anybody:{token}")["authorization"]}


@pytest.mark.parametrize(("door", "method", "path"), CHANGES)
def test_a_change_needs_the_operators_token(gateway: Gateway, door: str, method: str, path: str) -> None:
    for headers in ({}, bearer(READER), basic(READER)):
        answer = gateway.ask(method, door, path, b"{}", headers=headers)
        assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    for headers in (bearer(OPERATOR), basic(OPERATOR)):
        answer = gateway.ask(method, door, path, b"{}", headers=headers)
        assert answer.status == 200
        assert "authorization" not in answer.json["headers"], "a third party sees no token"


@pytest.mark.parametrize("door", ["prometheus", "alertmanager"])
@pytest.mark.parametrize("path", DIAGNOSES)
def test_what_shows_the_inside_of_a_program_needs_it_too(gateway: Gateway, door: str, path: str) -> None:
    assert gateway.ask("GET", door, path).status == 401
    assert gateway.ask("GET", door, path, headers=bearer(OPERATOR)).status == 200


@pytest.mark.parametrize("door", DOORS)
def test_reading_is_open_as_it_was(gateway: Gateway, door: str) -> None:
    assert gateway.ask("GET", door, "/metrics").json["path"] == "/metrics"
    assert gateway.ask("HEAD", door, "/metrics").status == 200


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_in_a_body_is_reading(gateway: Gateway, query: str) -> None:
    answer = gateway.ask("POST", "prometheus", f"/api/v1/{query}", b"query=up")
    assert (answer.status, answer.json["body"]) == (200, "query=up")


@pytest.mark.parametrize("door", OURS)
def test_a_service_of_ours_gets_the_token_and_checks_it_itself(gateway: Gateway, door: str) -> None:
    sent = bearer(OPERATOR)
    assert (
        gateway.ask("POST", door, "/x", b"{}", headers=sent).json["headers"]["authorization"] == sent["Authorization"]
    )
    assert gateway.ask("POST", door, "/x", b"{}").status == 200
    assert "authorization" not in gateway.ask("GET", door, "/x", headers=basic(READER)).json["headers"]


def test_grafana_has_a_login_of_its_own(gateway: Gateway) -> None:
    sent = basic("of grafana")
    assert (
        gateway.ask("POST", "grafana", "/api/ds/query", b"{}", headers=sent).json["headers"]["authorization"]
        == (sent["Authorization"])
    )


def test_what_a_client_says_of_itself_is_not_believed(gateway: Gateway) -> None:
    claimed = {"X-Forwarded-For": "10.9.9.9", "X-Forwarded-Host": "evil.example", "Forwarded": "for=10.9.9.9"}
    seen = gateway.ask("GET", "web", headers=claimed).json["headers"]
    assert "10.9.9.9" not in str(seen)
    assert "x-forwarded-host" not in seen
    assert seen["x-forwarded-for"]


@pytest.fixture
def fresh(doors: Place) -> Iterator[Gateway]:
    """A gateway that has seen no wrong token yet."""
    with doors.gateway() as running:
        yield running


WRONG = (bearer("wrong"), bearer(""), bearer(OPERATOR[:-1]), basic("wrong"), {"Authorization": "Digest x"})


def test_a_wrong_token_is_refused_logged_and_counted_at_every_door_that_takes_one(fresh: Gateway) -> None:
    taking = [door for door in DOORS if door != "grafana"]
    for door, sent in zip(taking, (*WRONG, *WRONG), strict=False):
        answer = fresh.ask("GET", door, "/a/path?token=secret", headers=sent)
        assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    lines = [line for line in fresh.log(len(taking)) if line["reason"] == "wrong-token"]
    assert [(line["door"], line["path"], line["status"]) for line in lines] == [
        (door, "/a/path", 401) for door in taking
    ]
    assert all(line["client"] and line["level"] == "warning" and line["service"] == "gateway" for line in lines)
    assert fresh.counted('haproxy_backend_http_requests_total{proxy="refused-wrong-token"}') == len(taking)
    assert "secret" not in str(fresh.log())


def test_two_tokens_are_one_too_many(fresh: Gateway) -> None:
    head = f"GET / HTTP/1.1\r\nHost: {fresh.own('web')}\r\nConnection: close\r\n"
    twice = f"Authorization: Bearer {OPERATOR}\r\nAuthorization: Bearer {READER}\r\n\r\n"
    assert fresh.raw("web", (head + twice).encode()).split()[1] == b"401"


def test_an_address_with_many_wrong_tokens_is_slowed_while_a_right_one_is_served_at_once(fresh: Gateway) -> None:
    def guess(number: int) -> tuple[int, float]:
        begun = time.monotonic()
        answer = fresh.ask("PUT", "executor-1", "/v1/kill-switch", b"{}", headers=bearer(f"guess-{number}"))
        return answer.status, time.monotonic() - begun

    with ThreadPoolExecutor(16) as pool:
        guesses = pool.map(guess, range(200))
        begun = time.monotonic()
        assert fresh.ask("PUT", "executor-1", "/v1/kill-switch", b"{}", headers=bearer(OPERATOR)).status == 200
        right = time.monotonic() - begun
        answers = list(guesses)
    assert [status for status, _ in answers].count(401) == 30
    assert [status for status, _ in answers].count(429) == 170
    # The gateway waits 2 s by a clock that it reads at each turn of its loop, so on a busy machine by less of ours.
    assert sum(1 for status, seconds in answers if status == 401 and seconds >= 1) >= 20
    assert right < 1
    assert [line["status"] for line in fresh.log(30)] == [401] * 30, (
        "a flood is counted, and pushes nothing out of the log"
    )
    assert fresh.counted('haproxy_backend_http_requests_total{proxy="refused-wrong-token"}') == 200
    assert fresh.ask("GET", "web", headers=bearer("wrong")).headers["Retry-After"] == "60"


def test_the_log_has_nothing_of_what_was_served(fresh: Gateway) -> None:
    assert fresh.ask("POST", "web", "/x", b"{}", headers=bearer(OPERATOR)).status == 200
    assert fresh.log() == []


@pytest.fixture(scope="module")
def guarded(doors: Place) -> Iterator[Gateway]:
    """A gateway at which reading needs a token."""
    with doors.gateway(SPARK_READ_TOKEN="on") as running:
        yield running


@pytest.mark.parametrize("door", [door for door in DOORS if door != "grafana"])
def test_reading_needs_a_token_where_the_user_says_so(guarded: Gateway, door: str) -> None:
    answer = guarded.ask("GET", door, "/metrics")
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"].startswith("Basic "), "a browser asks for it"
    for sent in (bearer(READER), bearer(OPERATOR), basic(READER), basic(OPERATOR)):
        assert guarded.ask("GET", door, "/metrics", headers=sent).status == 200
    assert "authorization" not in guarded.ask("GET", door, "/metrics", headers=basic(READER)).json["headers"]


def test_grafanas_own_login_guards_it_there_too(guarded: Gateway) -> None:
    assert guarded.ask("GET", "grafana", "/login").status == 200


def test_the_gateway_exports_what_the_rules_ask_it_for(gateway: Gateway) -> None:
    for name in HAPROXY:
        lines = [line for line in gateway.exported() if line.startswith(f"{name}{{")]
        of_doors = {line.partition('proxy="')[2].partition('"')[0] for line in lines}
        assert of_doors >= {"executor-1", "executor-2", "marketdata", "web"}, name
