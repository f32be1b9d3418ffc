"""REST calls go through the proxy on the way, and a proxy that refuses is told apart from the venue."""

from __future__ import annotations

import contextlib
import logging
import socket
from pathlib import Path

import pytest

from marketdata.outbound import Access, Proxies, proxy_at
from marketdata.rest.replies import Barred, Failed, NoBudget, Unreachable
from tests.marketdata.link.peers import peer, with_tls
from tests.marketdata.proxy_server import running_proxy
from tests.marketdata.rest.rest_server import answering, client_of, running_server

ELSEWHERE = "api.venue.invalid"


def through(address: str, exempt: tuple[str, ...] = ()) -> Access:
    proxy = proxy_at(address)
    return Access(Proxies(proxy, proxy, exempt))


def tell(taken: socket.socket) -> None:
    """Answers one call over TLS."""
    with contextlib.suppress(OSError):
        taken.recv(65_536)
        taken.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


@pytest.mark.parametrize(
    ("shown", "login"), [("", None), ("me:s3cret@", "me:s3cret"), ("m%40e:s%3Ac@", "m@e:s:c"), ("token:@", "token:")]
)
def test_a_plain_call_is_forwarded_by_the_proxy_with_its_login(shown: str, login: str | None) -> None:
    with running_server(answering(200)) as server, running_proxy(login) as proxy:
        url, address = f"http://{ELSEWHERE}:{server.server_port}", f"http://{shown}127.0.0.1:{proxy.port}"
        client = client_of(url, access=through(address))
        assert client.get("one", "/x", {"pair": "BTCTRY"}).status == 200
        assert client.post("one", "/y", b"{}").status == 200
        assert [path for _, path in server.asked] == ["/x?pair=BTCTRY", "/y"]
        assert proxy.asked[0] == f"GET {url}/x?pair=BTCTRY HTTP/1.1"
        assert proxy.shown == [login] * 2


def test_a_secure_call_is_tunnelled_by_the_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = with_tls(tell, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    with peer(script, reads_the_request=False) as venue, running_proxy("me:s3cret") as proxy:
        access = through(f"http://me:s3cret@127.0.0.1:{proxy.port}")
        assert client_of(f"https://127.0.0.1:{venue.port}", access=access).get("one", "/x").body == b"{}"
        assert [asked.rpartition(" ")[0] for asked in proxy.asked] == [f"CONNECT 127.0.0.1:{venue.port}"]
        assert proxy.shown == ["me:s3cret"]


def test_a_host_that_is_exempt_is_asked_directly() -> None:
    with running_server(answering(200)) as server, running_proxy() as proxy:
        assert client_of(server.url, access=through(proxy.url, ("127.0.0.1",))).get("one", "/x").status == 200
        assert proxy.asked == []


@pytest.mark.parametrize("status", [403, 407, 451])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refuses_is_left_alone_for_long_and_named(
    scheme: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with running_proxy(status=status) as proxy:
        client = client_of(f"{scheme}://{ELSEWHERE}", access=through(f"http://me:s3cret@127.0.0.1:{proxy.port}"))
        with pytest.raises(Barred) as barred:
            client.get("one", "/x")
        assert (barred.value.status, barred.value.seconds) == (status, 30.0)
        assert str(status) in str(barred.value)
        with pytest.raises(NoBudget):
            client.get("one", "/x")
        assert len(proxy.asked) == 1
        assert "s3cret" not in str(barred.value)
    assert "s3cret" not in "".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)


def test_a_persons_session_is_not_ended_by_a_proxy() -> None:
    with running_proxy(status=407) as proxy:
        access = Access(through(proxy.url).proxies, credentials=True)
        for scheme in ("http", "https"):
            with pytest.raises(Barred):
                client_of(f"{scheme}://{ELSEWHERE}", access=access).post("one", "/x", b"{}")


def test_a_proxy_that_can_not_reach_the_venue_is_asked_again() -> None:
    with running_proxy(status=502) as proxy:
        with pytest.raises(Failed):
            client_of(f"http://{ELSEWHERE}", access=through(proxy.url)).get("one", "/x")
        with pytest.raises(Unreachable):
            client_of(f"https://{ELSEWHERE}", access=through(proxy.url)).get("one", "/x")
        assert len(proxy.asked) == 6


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY"])
def test_only_the_settings_decide_and_not_the_environment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_server(answering(200)) as server, running_proxy(status=500) as proxy:
        monkeypatch.setenv(name, proxy.url)
        assert client_of(server.url).get("one", "/x").status == 200
        assert proxy.asked == []
