"""A socket goes through the proxy on the way, and a proxy that refuses is told apart from the venue."""

from __future__ import annotations

import logging
import socket
import time
from pathlib import Path

import pytest

from marketdata.link.dial_limits import Backoff
from marketdata.outbound import Access, Proxies, proxy_at
from tests.marketdata.link.connected import LONG, closed_port, next_arrival, running
from tests.marketdata.link.peers import peer, text_frame, upgraded, with_tls
from tests.marketdata.proxy_server import running_proxy
from tests.venue.rig import eventually

FOREVER = Backoff(600.0, 600.0, lambda _low, high: high)
ELSEWHERE = "feed.venue.invalid"
"""A name that only the proxy knows: whoever looks it up himself does not come there."""


def hello(taken: socket.socket) -> None:
    taken.sendall(text_frame(b"hello"))


def through(address: str, exempt: tuple[str, ...] = ()) -> Access:
    proxy = proxy_at(address)
    return Access(Proxies(proxy, proxy, exempt))


@pytest.mark.parametrize(
    ("shown", "login"),
    [("", None), ("me:s3cret@", "me:s3cret"), ("m%40e:s%3Ac@", "m@e:s:c"), ("token:@", "token:"), ("token@", "token:")],
)
def test_a_socket_goes_through_the_proxy_with_its_login(shown: str, login: str | None) -> None:
    with peer(upgraded(hello), reads_the_request=False) as venue, running_proxy(login) as proxy:
        url, address = f"ws://{ELSEWHERE}:{venue.port}/", f"http://{shown}127.0.0.1:{proxy.port}"
        with running(url, access=through(address)) as (connection, inbox, _):
            eventually(lambda: connection.connected, LONG)
            assert next_arrival(inbox).kind == "opened"
            assert next_arrival(inbox).payload == b"hello"
        assert proxy.asked == [f"CONNECT {ELSEWHERE}:{venue.port} HTTP/1.1"]
        assert proxy.shown == [login]


def test_a_secure_socket_goes_through_the_proxy_and_its_certificate_is_the_venues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = with_tls(upgraded(hello), tmp_path)
    monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", str(tmp_path / "server.pem"))
    with peer(script, reads_the_request=False) as venue, running_proxy() as proxy:
        access = Access(Proxies(secure=proxy_at(proxy.url), plain=proxy_at(f"http://127.0.0.1:{closed_port()}")))
        with running(f"wss://127.0.0.1:{venue.port}", access=access) as (connection, _, _):
            eventually(lambda: connection.connected, LONG)
        assert proxy.asked[0] == f"CONNECT 127.0.0.1:{venue.port} HTTP/1.1"


def test_a_host_that_is_exempt_is_dialled_directly() -> None:
    with peer(upgraded(hello), reads_the_request=False) as venue, running_proxy() as proxy:
        with running(venue.url, access=through(proxy.url, ("127.0.0.0/8",))) as (connection, _, _):
            eventually(lambda: connection.connected, LONG)
        assert proxy.asked == []


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY"])
def test_only_the_settings_decide_and_not_what_the_library_finds_in_the_environment(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    with peer(upgraded(hello), reads_the_request=False) as venue, running(venue.url) as (connection, _, _):
        eventually(lambda: connection.connected, LONG)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
    with peer(upgraded(hello), reads_the_request=False) as venue, running_proxy() as proxy:
        with running(venue.url, access=through(proxy.url)) as (connection, _, _):
            eventually(lambda: connection.connected, LONG)
        assert len(proxy.asked) == 1


@pytest.mark.parametrize("status", [403, 407, 451])
@pytest.mark.parametrize("credentials", [False, True])
def test_a_proxy_that_refuses_is_left_alone_for_long_and_named(
    status: int, credentials: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with running_proxy(status=status) as proxy:
        proxies = through(f"http://me:s3cret@127.0.0.1:{proxy.port}").proxies
        access = Access(proxies, credentials=credentials)
        with running(f"ws://{ELSEWHERE}:7002", access=access, retreat=FOREVER) as (connection, _, counters):
            eventually(lambda: connection.status().state == "rejected", LONG)
            assert f"the proxy answered CONNECT with {status}" in connection.status().reason
            assert (connection.status().blocked_until or 0.0) > time.time()
            assert counters.attempts["rejected"] == 1
            assert "s3cret" not in (connection.trouble() or "")
    assert "s3cret" not in "".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)


def test_a_proxy_that_wants_another_password_is_dialled_again_and_heals() -> None:
    with peer(upgraded(hello), reads_the_request=False) as venue, running_proxy("me:right") as proxy:
        url, address = f"ws://{ELSEWHERE}:{venue.port}", f"http://me:wrong@127.0.0.1:{proxy.port}"
        with running(url, access=through(address)) as (connection, _, counters):
            eventually(lambda: counters.attempts["rejected"] >= 2, LONG)
            proxy.login = "me:wrong"
            eventually(lambda: connection.connected, LONG)


@pytest.mark.parametrize("status", [502, 504])
def test_a_proxy_that_can_not_reach_the_venue_is_asked_again_soon(status: int) -> None:
    with (
        running_proxy(status=status) as proxy,
        running(f"ws://{ELSEWHERE}:7002", access=through(proxy.url), retreat=FOREVER) as (connection, _, counters),
    ):
        eventually(lambda: counters.attempts["rejected"] >= 2, LONG)
        assert connection.status().state in ("backing_off", "dialling")


def test_a_proxy_that_is_not_there_is_an_end_like_any_other() -> None:
    access = through(f"http://127.0.0.1:{closed_port()}")
    with running(f"ws://{ELSEWHERE}:7002", access=access) as (_, _, counters):
        eventually(lambda: counters.attempts["refused"] >= 2, LONG)
