"""A dial that was refused, and not because of a person's credentials, is tried again: ever later, or when resumed."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from common import VERSION
from marketdata.link.dial_limits import RETREAT_SECONDS, Backoff, DialGuard, retreat
from marketdata.outbound import Access
from tests.marketdata.link.connected import LONG, running
from tests.marketdata.link.peers import answers, close_frame, peer, text_frame, upgraded
from tests.marketdata.rig import QUICK
from tests.venue.rig import eventually

PAGE = b"<html><body>Attention Required!</body></html>"
FOREVER = Backoff(600.0, 600.0, lambda _low, high: high)


def page(status: str) -> Callable[[socket.socket], None]:
    """Answers the upgrade as a firewall on the way does: with a page for people."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(PAGE)}\r\n\r\n".encode()
    return lambda taken: taken.sendall(head + PAGE)


REFUSALS = [
    answers("401 Unauthorized"),
    answers("403 Forbidden"),
    page("403 Forbidden"),
    answers("407 Proxy Authentication Required"),
    answers("451 Unavailable For Legal Reasons"),
    answers("404 Not Found"),
    page("200 OK"),
    answers("302 Found", "Location: https://elsewhere.invalid/"),
]
NAMES = ["401", "403", "403-page", "407", "451", "404", "200-page", "redirect"]


@pytest.mark.parametrize("refusal", REFUSALS, ids=NAMES)
def test_a_public_feed_that_was_refused_is_dialled_again_by_itself(refusal: Callable[[socket.socket], None]) -> None:
    count = itertools.count()

    healed = upgraded(lambda taken: taken.sendall(text_frame(b"hello")))

    def first_refuse(taken: socket.socket) -> None:
        if next(count) < 2:
            taken.recv(4096)
            refusal(taken)
        else:
            healed(taken)

    with peer(first_refuse, reads_the_request=False) as venue, running(venue.url) as (connection, _, counters):
        eventually(lambda: connection.connected, LONG)
        assert counters.attempts["rejected"] == 2
        assert connection.status().state == "open"


@pytest.mark.parametrize("refusal", REFUSALS, ids=NAMES)
def test_it_keeps_away_for_long_and_says_why_and_until_when(refusal: Callable[[socket.socket], None]) -> None:
    patient = retreat(300.0, 600.0)
    with peer(refusal) as venue, running(venue.url, retreat=patient) as (connection, _, counters):
        eventually(lambda: connection.status().state == "rejected", LONG)
        status, trouble = connection.status(), connection.trouble() or ""
        assert status.blocked_until is not None
        assert 150.0 - LONG < status.blocked_until - time.time() <= 300.0
        assert "the upgrade was answered with" in trouble
        assert "dialled again at" in trouble
        connection.wake()
        connection.drop("again")
        assert 150.0 <= counters.reconnect_delay_seconds <= 300.0
        assert venue.dials == 1


def test_a_page_does_not_end_the_credentials_of_a_person() -> None:
    persons = Access(credentials=True)
    with peer(page("403 Forbidden")) as venue, running(venue.url, access=persons) as (connection, _, counters):
        eventually(lambda: counters.attempts["rejected"] >= 2, LONG)
        assert counters.attempts["unauthorized"] == 0
        assert connection.status().state in ("rejected", "dialling", "backing_off")


def test_each_refusal_in_a_row_doubles_the_wait_up_to_a_quarter_of_an_hour() -> None:
    ceilings: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        ceilings.append((low, high))
        return high

    backoff = Backoff(*RETREAT_SECONDS, draw, 0.5)
    assert [backoff.delay() for _ in range(7)] == [30, 60, 120, 240, 480, 900, 900]
    assert all(low == high / 2 for low, high in ceilings)


@pytest.mark.parametrize(("healthy", "second"), [(0.0, 1.0), (60.0, 2.0)])
def test_the_retreat_starts_over_only_after_a_good_socket(healthy: float, second: float) -> None:
    ceilings: list[float] = []
    count = itertools.count()

    def draw(_low: float, high: float) -> float:
        ceilings.append(high)
        return 0.001

    ended = upgraded(lambda taken: taken.sendall(text_frame(b"hello") + close_frame(1001)))

    def refuse_every_other(taken: socket.socket) -> None:
        if next(count) % 2:
            ended(taken)
        else:
            taken.recv(4096)
            answers("403 Forbidden")(taken)

    timings = replace(QUICK, healthy=healthy)
    with (
        peer(refuse_every_other, reads_the_request=False) as venue,
        running(venue.url, timings, retreat=Backoff(1.0, 60.0, draw)),
    ):
        eventually(lambda: len(ceilings) >= 2, LONG)
    assert ceilings[:2] == [1.0, second]


def test_a_person_resumes_a_feed_that_waits_at_once() -> None:
    refuse = threading.Event()
    refuse.set()
    opened = upgraded(lambda taken: taken.sendall(text_frame(b"hello")))

    def script(taken: socket.socket) -> None:
        if refuse.is_set():
            taken.recv(4096)
            answers("403 Forbidden")(taken)
        else:
            opened(taken)

    with (
        peer(script, reads_the_request=False) as venue,
        running(venue.url, retreat=FOREVER) as (connection, _, _),
    ):
        eventually(lambda: connection.status().state == "rejected", LONG)
        refuse.clear()
        connection.resume()
        eventually(lambda: connection.connected, LONG)
        connection.resume()
        assert connection.connected, "an open socket stays"
        assert venue.dials == 2


def test_a_person_resumes_a_feed_that_backs_off_at_once() -> None:
    with peer(answers("500 Oops")) as venue, running(venue.url, backoff=FOREVER) as (connection, _, counters):
        eventually(lambda: counters.attempts["rejected"] == 1, LONG)
        connection.resume()
        eventually(lambda: venue.dials == 2, LONG)


def test_resuming_again_and_again_dials_no_more_often_than_the_guard_allows() -> None:
    guard = DialGuard(3, 600.0)
    with (
        peer(answers("403 Forbidden")) as venue,
        running(venue.url, guard=guard, retreat=FOREVER) as (connection, _, counters),
    ):

        def held() -> bool:
            connection.resume()
            return counters.guard_waits >= 2

        eventually(held, LONG)
        assert venue.dials == 3


def test_a_wait_that_the_venue_asked_for_is_not_cut_short_by_resuming() -> None:
    with (
        peer(answers("429 Too Many Requests", "Retry-After: 600")) as venue,
        running(venue.url) as (connection, _, counters),
    ):
        eventually(lambda: connection.status().state == "blocked", LONG)
        connection.resume()
        eventually(lambda: counters.guard_waits >= 1, LONG)
        assert venue.dials == 1


def test_a_resumed_feed_that_was_refused_again_begins_with_the_shortest_wait() -> None:
    ceilings: list[float] = []

    def draw(_low: float, high: float) -> float:
        ceilings.append(high)
        return 600.0

    with peer(answers("403 Forbidden")) as venue, running(venue.url, retreat=Backoff(1.0, 60.0, draw)) as (one, _, _):
        eventually(lambda: len(ceilings) == 1, LONG)
        one.resume()
        eventually(lambda: len(ceilings) == 2, LONG)
        assert venue.dials == 2
    assert ceilings == [1.0, 1.0]


def test_every_dial_names_the_program_and_its_version() -> None:
    with peer(answers("500 Oops")) as venue, running(venue.url, headers=lambda: {"APIKEY": "k"}):
        eventually(lambda: venue.requests, LONG)
        assert f"User-Agent: Spark/{VERSION}\r\n" in venue.requests[0]
        assert "APIKEY: k\r\n" in venue.requests[0]


@pytest.mark.parametrize("code", [1008, 1013, 4000, 4003, 4401, 4999])
def test_closes_that_refuse_the_caller_again_and_again_are_kept_away_from_with_the_venues_words(code: int) -> None:
    words = b"token\x07 expired"
    told = bytes([0x88, 2 + len(words)]) + close_frame(code)[2:] + words
    with (
        peer(upgraded(lambda taken: taken.sendall(told)), reads_the_request=False) as venue,
        running(venue.url, retreat=FOREVER) as (connection, _, _),
    ):
        eventually(lambda: connection.status().state == "rejected", LONG)
        assert f"the venue closed with {code}: token expired; dialled again at" in connection.status().reason
        assert venue.dials == 3
        connection.resume()
        eventually(lambda: venue.dials >= 4, LONG)


@pytest.mark.parametrize("code", [1000, 1001, 1006, 1011, 1012, 3000])
def test_closes_that_refuse_nobody_are_followed_by_the_usual_backoff(code: int) -> None:
    def end(taken: socket.socket) -> None:
        if code != 1006:
            taken.sendall(close_frame(code))
        taken.close()

    with peer(upgraded(end), reads_the_request=False) as venue, running(venue.url, retreat=FOREVER) as (one, _, _):
        eventually(lambda: venue.dials >= 5, LONG)
        assert one.status().state != "rejected"


def test_a_close_that_refuses_once_is_an_accident() -> None:
    count = itertools.count()

    def script(taken: socket.socket) -> None:
        taken.sendall(close_frame(4001) if next(count) < 2 else text_frame(b"hello"))

    with (
        peer(upgraded(script), reads_the_request=False) as venue,
        running(venue.url, retreat=FOREVER) as (connection, inbox, _),
    ):
        eventually(lambda: venue.dials == 3 and connection.connected, LONG)
        eventually(lambda: any(arrival.payload == b"hello" for arrival in inbox.pop(0.1)), LONG)


FIREWALL = ["Content-Type: text/plain; charset=UTF-8", "Server: cloudflare", "CF-RAY: 8d-IST"]


@pytest.mark.parametrize(
    "refusal",
    [
        answers("403 Forbidden", *FIREWALL),
        answers("403 Forbidden", "Server: awselb/2.0"),
        answers("403 Forbidden", "X-Squid-Error: ERR_ACCESS_DENIED 0"),
        answers("418 I'm a teapot"),
        answers("426 Upgrade Required", "Upgrade: websocket"),
        answers("301 Moved Permanently", "Location: wss://elsewhere.invalid/"),
        answers("200 OK"),
    ],
)
def test_what_stands_on_the_way_does_not_end_the_credentials_of_a_person(
    refusal: Callable[[socket.socket], None],
) -> None:
    persons = Access(credentials=True)
    with peer(refusal) as venue, running(venue.url, access=persons) as (_, _, counters):
        eventually(lambda: counters.attempts["rejected"] >= 2, LONG)
        assert counters.attempts["unauthorized"] == 0


@pytest.mark.parametrize("marks", [[], FIREWALL[1:]])
def test_the_brokers_own_word_ends_them_whatever_stands_on_the_way(marks: list[str]) -> None:
    refusal = answers("403 Forbidden", "Content-Type: application/json", *marks)
    with peer(refusal) as venue, running(venue.url, access=Access(credentials=True)) as (connection, _, _):
        eventually(lambda: connection.status().state == "stopped", LONG)


def test_a_wrong_key_in_the_answer_is_dialled_again_with_backoff() -> None:
    wrong = answers(
        "101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: d3Jvbmc="
    )
    with peer(wrong) as venue, running(venue.url, retreat=FOREVER) as (_, _, counters):
        eventually(lambda: venue.dials >= 3, LONG)
        assert counters.attempts["open"] == 0
