"""One GET, against servers that behave and servers that do not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from canary.probes import exchange
from canary.probes import fetch as fetching
from canary.probes.declared import DeclaredProbe
from canary.probes.fetch import fetch
from canary.probes.plan import Probe
from common.clock import SYSTEM_CLOCK
from tests.canary.servers import METRICS, Site, closed_port, raw_server

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def probe(url: str) -> Probe:
    return Probe(DeclaredProbe("metrics", "metrics", ("web",), "/metrics"), "web", url + "/metrics")


def test_a_whole_answer_keeps_status_type_size_and_the_very_bytes(site: Site) -> None:
    site.routes["/metrics"] = (503, "text/plain", b"caf\xe9 \xff\n")
    got = fetch(probe(site.url), 5.0, SYSTEM_CLOCK)
    assert (got.answer.outcome, got.answer.status, got.answer.headers["content-type"]) == (
        "answered",
        503,
        "text/plain",
    )
    assert (got.raw, got.answer.size) == (b"caf\xe9 \xff\n", 7)
    assert 0 < got.answer.seconds < 5


def test_a_closed_port_is_refused_at_once() -> None:
    got = fetch(probe(f"http://127.0.0.1:{closed_port()}"), 5.0, SYSTEM_CLOCK)
    assert (got.answer.outcome, got.answer.problem) == ("failed", "connection refused")


def test_an_unknown_host_says_so() -> None:
    got = fetch(probe("http://no-such-host.invalid:1"), 5.0, SYSTEM_CLOCK)
    assert (got.answer.outcome, got.answer.problem) == ("failed", "the host's name is not known")


def test_a_redirect_is_an_answer_and_is_not_followed(site: Site) -> None:
    site.routes["/metrics"] = (302, "text/plain", b"")
    assert fetch(probe(site.url), 5.0, SYSTEM_CLOCK).answer.status == 302


def hang(connection: socket.socket) -> None:
    connection.recv(1)


def drip_head(connection: socket.socket) -> None:
    for _ in range(1000):
        connection.sendall(b"H")
        time.sleep(0.01)


def drip_body(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"\r\n")
    for _ in range(1000):
        connection.sendall(b"a 1\n")
        time.sleep(0.01)


@pytest.mark.parametrize("talk", [hang, drip_head, drip_body])
def test_the_deadline_holds_for_a_server_that_hangs_or_drips(talk: Callable[[socket.socket], None]) -> None:
    with raw_server(talk) as url:
        begin = time.monotonic()
        got = fetch(probe(url), 0.2, SYSTEM_CLOCK)
        assert time.monotonic() - begin < 5
    assert (got.answer.outcome, got.answer.problem) == ("timed_out", "no whole answer within 0.2 s")
    assert got.answer.status is None


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Content-Length: 100000\r\n\r\n" + METRICS,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nup 1",
    ],
)
def test_a_body_that_ends_early_is_no_whole_answer(sent: bytes) -> None:
    with raw_server(lambda connection: connection.sendall(sent)) as url:
        got = fetch(probe(url), 5.0, SYSTEM_CLOCK)
    assert (got.answer.outcome, got.answer.problem) == ("failed", "the body ended early")


@pytest.mark.parametrize("sent", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 100])
def test_what_is_no_http_is_a_failure_and_never_raises(sent: bytes) -> None:
    with raw_server(lambda connection: connection.sendall(sent)) as url:
        got = fetch(probe(url), 5.0, SYSTEM_CLOCK)
    assert got.answer.outcome == "failed"
    assert got.answer.problem


def test_a_body_above_the_bound_is_not_read_to_its_end() -> None:
    sent, closed = [0], threading.Event()

    def flood(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"\r\n")
        try:
            for _ in range(64):
                connection.sendall(b"x" * 2**20)
                sent[0] += 2**20
        finally:
            closed.set()

    with raw_server(flood) as url:
        got = fetch(probe(url), 30.0, SYSTEM_CLOCK)
        assert closed.wait(30)
    assert (got.answer.outcome, got.answer.size) == ("too_large", 0)
    assert sent[0] < 4 * exchange.MAX_BODY_BYTES


def page_probe(site: Site) -> Probe:
    return Probe(DeclaredProbe("assets", "assets", ("web",), "/"), "web", site.url + "/")


def test_the_files_of_a_page_are_asked_for_and_those_that_its_modules_import(site: Site) -> None:
    site.routes["/static/console.js"] = (
        200,
        "text/javascript",
        b"import { a } from './parts/a.js';\nimport '/static/b.js';\n",
    )
    site.routes["/static/parts/a.js"] = (200, "text/javascript", b"export { c } from '../c.js';\n")
    site.routes["/static/b.js"] = (404, "text/plain", b"none")
    got = fetch(page_probe(site), 5.0, SYSTEM_CLOCK).answer
    told = {part.name: part.status for part in got.parts}
    assert told["/static/frame.css"] == 200
    assert (told["/static/parts/a.js"], told["/static/b.js"], told["/static/c.js"]) == (200, 404, 404)


def test_a_page_that_names_another_server_or_too_many_files_leads_to_no_more_than_forty_requests(site: Site) -> None:
    html = '<script src="//elsewhere.invalid/x.js"></script>' + "".join(
        f'<img src="/static/{number}.png">' for number in range(100)
    )
    site.routes["/"] = (200, "text/html", html.encode())
    got = fetch(page_probe(site), 5.0, SYSTEM_CLOCK).answer
    assert len(got.parts) == fetching.MOST_ASSETS
    assert not any("elsewhere" in part.name for part in got.parts)


def test_the_query_of_an_address_is_sent_and_a_header_that_may_hold_a_secret_is_not_kept(site: Site) -> None:
    asked = Probe(DeclaredProbe("q", "http", ("web",), "/x?a=1&b=%20"), "web", site.url + "/x?a=1&b=%20")
    fetch(asked, 5.0, SYSTEM_CLOCK)
    assert site.asked == ["/x?a=1&b=%20"]
    sent = HEAD + b"Set-Cookie: session=secret\r\nX-Long: " + b"a" * 5000 + b"\r\nContent-Length: 0\r\n\r\n"
    with raw_server(lambda connection: connection.sendall(sent)) as url:
        headers = fetch(probe(url), 5.0, SYSTEM_CLOCK).answer.headers
    assert "set-cookie" not in headers
    assert len(headers["x-long"]) <= 300


def agreement(one: Site, other: Site) -> Probe:
    declared = DeclaredProbe("account", "agreement", ("web",), "/v1/account", against="venue")
    return Probe(declared, "web", one.url + "/v1/account", other.url + "/v1/account")


def test_two_answers_that_change_between_the_requests_are_asked_for_anew_until_they_agree(site: Site) -> None:
    other, moves = Site(), iter([b"1", b"2", b"2"])
    try:
        site.routes["/v1/account"] = lambda: (200, "application/json", next(moves))
        other.routes["/v1/account"] = (200, "application/json", b"2")
        got = fetch(agreement(site, other), 5.0, SYSTEM_CLOCK).answer
    finally:
        other.stop()
    assert (got.body, [part.body for part in got.parts]) == ("2", ["2"])


def test_two_answers_that_never_agree_are_kept_after_five_tries(site: Site) -> None:
    other = Site()
    try:
        site.routes["/v1/account"] = (200, "application/json", b"1")
        other.routes["/v1/account"] = (200, "application/json", b"2")
        got = fetch(agreement(site, other), 5.0, SYSTEM_CLOCK).answer
        assert (got.body, [part.body for part in got.parts]) == ("1", ["2"])
        assert other.asked.count("/v1/account") == 5
    finally:
        other.stop()
