"""The client against real servers: typed answers, typed failures, and an end to every call."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from common.client import JsonClient
from common.errors import Unavailable
from common.wire import Instrument

INSTRUMENT = {
    "symbol": "BTCTURK:BTCTRY",
    "base_asset": "BTC",
    "quote_currency": "TRY",
    "tick_size": "1",
    "lot_size": "0.00000001",
    "min_notional": "99.91",
}


class Handler(BaseHTTPRequestHandler):
    """Answers by path: the status that it names, an instrument, something unreadable, or what was sent."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/status/"):
            self._answer(int(self.path.rpartition("/")[2]), b'{"error": {}}')
        elif self.path == "/moved":
            self._answer(302, b"", Location="/instrument")
        elif self.path == "/unreadable":
            self._answer(200, b"<html>")
        elif self.path == "/incomplete":
            self._answer(200, b'{"symbol": "X"}')
        else:
            self._answer(200, json.dumps(INSTRUMENT).encode())

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        told = {name: self.headers[name] for name in ("Content-Type", "Authorization", "X-Common")}
        self._answer(201, json.dumps({"sent": sent.decode(), **told}).encode())

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Says nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


@pytest.fixture
def silent() -> Iterator[str]:
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_an_answer_comes_as_its_message(server: str) -> None:
    instrument = JsonClient(f"{server}/", 5).get("/instrument", Instrument)
    assert instrument is not None
    assert instrument.symbol == "BTCTURK:BTCTRY"


def test_404_is_none(server: str) -> None:
    assert JsonClient(server, 5).get("/status/404", Instrument) is None


@pytest.mark.parametrize("status", [400, 401, 422, 429, 500, 502, 503])
def test_any_other_status_is_unavailable_and_told(server: str, status: int) -> None:
    with pytest.raises(Unavailable) as caught:
        JsonClient(server, 5).get(f"/status/{status}", Instrument)
    assert caught.value.details["answered"] == status
    assert caught.value.retryable


@pytest.mark.parametrize("path", ["/unreadable", "/incomplete"])
def test_an_answer_that_is_not_the_message_is_unavailable(server: str, path: str) -> None:
    with pytest.raises(Unavailable, match="can't be read"):
        JsonClient(server, 5).get(path, Instrument)


def test_a_redirect_is_not_followed(server: str) -> None:
    with pytest.raises(Unavailable, match="302"):
        JsonClient(server, 5).get("/moved", Instrument)


def test_a_refused_connection_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(Unavailable, match=f"http://127.0.0.1:{port} does not answer"):
        JsonClient(f"http://127.0.0.1:{port}", 5).get("/instrument", Instrument)


def test_a_server_that_never_answers_is_unavailable_in_time(silent: str) -> None:
    started = time.monotonic()
    with pytest.raises(Unavailable, match="does not answer"):
        JsonClient(silent, 0.2).get("/instrument", Instrument)
    assert time.monotonic() - started < 10


def test_a_body_goes_out_as_json_with_the_headers_of_the_client_and_of_the_call(server: str) -> None:
    client = JsonClient(server, 5, headers={"X-Common": "all"})
    status, body, _ = client.request("POST", "/orders", body=b"{}", headers={"Authorization": "Bearer t"})
    assert status == 201
    assert json.loads(body) == {
        "sent": "{}",
        "Content-Type": "application/json",
        "Authorization": "Bearer t",
        "X-Common": "all",
    }


def test_a_plain_request_hands_back_whatever_status_came(server: str) -> None:
    assert JsonClient(server, 5).request("GET", "/status/409")[0] == 409


def test_many_threads_share_one_client(server: str) -> None:
    client = JsonClient(server, 5)
    seen: list[Instrument | None] = []

    def ask() -> None:
        seen.extend(client.get("/instrument", Instrument) for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 60
    assert all(seen)
