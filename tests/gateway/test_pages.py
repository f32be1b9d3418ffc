"""A page of another origin, or under another name that leads here, gets nothing at any door."""

from __future__ import annotations

import pytest

from tests.answer import Answer
from tests.gateway.rig import DOORS, OPERATOR, Gateway

pytestmark = pytest.mark.engine

every_door = pytest.mark.parametrize("door", DOORS)
STRANGERS = (
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "127.0.0.2",
    "0.0.0.0:1",
    "[::2]",
    "web",
)
KNOWN = ("127.0.0.1", "127.0.0.1:1", "localhost", "LocalHost:3003", "[::1]", "[::1]:3003")
SUBRESOURCES = ("image", "script", "style", "iframe", "object", "empty", "")


def refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.code) == (status, code)


@every_door
def test_a_page_under_a_foreign_name_is_refused(gateway: Gateway, door: str) -> None:
    refused(gateway.ask("GET", door, headers={"Host": f"evil.example:{gateway.ports[door]}"}), 421, "HOST_REFUSED")


@pytest.mark.parametrize("host", STRANGERS)
def test_no_other_spelling_of_a_name_is_taken_for_a_known_one(gateway: Gateway, host: str) -> None:
    refused(gateway.ask("GET", "web", headers={"Host": host}), 421, "HOST_REFUSED")


@pytest.mark.parametrize("host", KNOWN)
def test_a_known_name_is_served_on_whatever_port(gateway: Gateway, host: str) -> None:
    assert gateway.ask("GET", "web", headers={"Host": host}).status == 200


def test_a_request_has_one_host(gateway: Gateway) -> None:
    own = gateway.own("web").encode()
    for head in (b"", b"Host:\r\n", b"Host: " + own + b"\r\nHost: evil.example\r\n"):
        answer = gateway.raw("web", b"GET / HTTP/1.1\r\n" + head + b"Connection: close\r\n\r\n")
        assert answer.split()[1] in (b"400", b"421"), answer
    absolute = b"GET http://evil.example/ HTTP/1.1\r\nHost: " + own + b"\r\nConnection: close\r\n\r\n"
    assert gateway.raw("web", absolute).split()[1] == b"400"


@every_door
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_of_another_origin_is_refused_with_the_right_token_too(gateway: Gateway, door: str, method: str) -> None:
    own = gateway.own(door)
    for origin in (
        "http://evil.example",
        "null",
        f"https://{own}",
        f"http://{own}0",
        f"http://{own}/",
        "http://127.0.0.1",
    ):
        answer = gateway.ask(method, door, headers={"Origin": origin, "Authorization": f"Bearer {OPERATOR}"})
        refused(answer, 403, "ORIGIN_REFUSED")
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


@every_door
def test_the_doors_own_page_is_served(gateway: Gateway, door: str) -> None:
    own = {"Origin": f"http://{gateway.own(door)}", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert gateway.ask("POST", door, headers=own | {"Authorization": f"Bearer {OPERATOR}"}).status == 200


@every_door
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_foreign_page_may_only_open_a_door_as_a_whole_page(gateway: Gateway, door: str, site: str) -> None:
    for destination in SUBRESOURCES:
        part = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": destination}
        answer = gateway.ask("GET", door, headers=part)
        refused(answer, 403, "ORIGIN_REFUSED")
    opened = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    refused(gateway.ask("GET", door, headers=opened | {"Sec-Fetch-Dest": "iframe"}), 403, "ORIGIN_REFUSED")
    refused(gateway.ask("POST", door, headers=opened), 403, "ORIGIN_REFUSED")
    assert gateway.ask("GET", door, headers=opened).status == 200


@every_door
def test_no_answer_may_be_read_by_other_pages(gateway: Gateway, door: str) -> None:
    answer = gateway.ask("GET", door)
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
