"""The real service under its real server: on SIGTERM, SIGQUIT and a recycle every socket is closed at once and well."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.common.server import longest_stop
from tests.venue.algolab.rig import API_KEY, CREDENTIALS, checker, encrypted

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
END_SECONDS = 5.0
"""An idle machine needs half a second for the process to end, and 0.7 s more for a client that reads nothing."""
DEADLINE_SECONDS = 60.0
UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: venue\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@dataclass(frozen=True)
class Service:
    """The running service.

    process: the server.
    http: the port of the REST calls.
    btcturk: the port of BTCTurk's WebSocket.
    algolab: the port of AlgoLab's WebSocket.
    """

    process: subprocess.Popen[str]
    http: int
    btcturk: int
    algolab: int

    @property
    def worker(self) -> int:
        """The process that the server forked for the app."""
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(task.read_text().split()[0])

    def call(self, path: str, body: Mapping[str, object] | None = None) -> dict[str, object]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"APIKEY": API_KEY, "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}{path}", data, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            found = json.load(answer)
        assert isinstance(found, dict)
        return found


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@contextmanager
def _running(folder: Path) -> Iterator[Service]:
    http, btcturk, algolab = _free_ports(3)
    settings = {
        "PORT": str(http),
        "SPARK_SERVICE": "venue",
        "SPARK_VENUE_ADMIN": "on",
        "SPARK_VENUE_CONFLATION_SECONDS": "0.05",
        "SPARK_VENUE_WS_HOST": "127.0.0.1",
        "SPARK_VENUE_WS_PORT": str(btcturk),
        "SPARK_VENUE_ALGOLAB_WS_PORT": str(algolab),
    }
    for name in ("api_key", "username", "password"):
        (folder / name).write_text(getattr(CREDENTIALS, name))
        settings[f"SPARK_ALGOLAB_{name.upper()}_FILE"] = str(folder / name)
    command = [sys.executable, "-m", "gunicorn", "-c", "common/gunicorn.conf.py", "--bind", f"127.0.0.1:{http}"]
    with subprocess.Popen(
        [*command, "venue.app:serve()"],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        deadline = threading.Timer(DEADLINE_SECONDS, process.kill)
        deadline.start()
        service = Service(process, http, btcturk, algolab)
        try:
            _wait_ready(service)
            yield service
        finally:
            deadline.cancel()
            process.kill()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with _running(tmp_path) as running:
        yield running


def _wait_ready(service: Service) -> None:
    while True:
        try:
            assert service.call("/readyz")["ready"]
        except OSError:
            assert service.process.poll() is None, service.process.stdout and service.process.stdout.read()
            time.sleep(0.05)
        else:
            return


@contextmanager
def _btcturk(service: Service) -> Iterator[ClientConnection]:
    with connect(f"ws://127.0.0.1:{service.btcturk}", compression=None, close_timeout=2) as client:
        client.recv(10)
        client.send('[151,{"type":151,"channel":"ticker","event":"all","join":true}]')
        client.recv(10)
        yield client


@contextmanager
def _algolab(service: Service) -> Iterator[ClientConnection]:
    user = {"username": encrypted(CREDENTIALS.username), "password": encrypted(CREDENTIALS.password)}
    token = service.call("/api/api/LoginUser", user)["content"]
    assert isinstance(token, dict)
    code = str(service.call("/sim/sms")["code"])
    proof = {"token": encrypted(token["token"]), "password": encrypted(code)}
    session = _call_when_allowed(service, "/api/api/LoginUserControl", proof)["content"]
    assert isinstance(session, dict)
    headers = {"APIKEY": API_KEY, "Authorization": session["hash"], "Checker": checker("/ws", "")}
    url = f"ws://127.0.0.1:{service.algolab}/api/ws"
    with connect(url, additional_headers=headers, compression=None, close_timeout=2) as client:
        client.send(json.dumps({"Type": "D", "Token": session["hash"], "Symbols": ["ALL"]}))
        client.recv(10)
        yield client


def _call_when_allowed(service: Service, path: str, body: Mapping[str, object]) -> dict[str, object]:
    """Makes a call as soon as the venue's budget of one request in five seconds allows it."""
    while True:
        try:
            return service.call(path, body)
        except urllib.error.HTTPError as error:
            if error.code != 429:
                raise
            time.sleep(0.1)


def _close_code(client: ClientConnection) -> int | None:
    """Reads to the end; returns the code of the close frame that came, None without one."""
    try:
        while True:
            client.recv(10)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def _dark_socket(service: Service) -> socket.socket:
    """A connection whose upgrade is never answered."""
    service.call("/admin/btcturk/faults", {"fault": "no_upgrade_answer"})
    client = socket.create_connection(("127.0.0.1", service.btcturk), timeout=10)
    client.sendall(UPGRADE)
    while not _done(service, "no_upgrade_answer"):
        time.sleep(0.02)
    return client


def _done(service: Service, fault: str) -> int:
    """Returns how often a fault was done."""
    done = service.call("/admin/btcturk/faults")["done"]
    assert isinstance(done, dict)
    return int(done[fault])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_every_socket_is_told_that_the_venue_goes_away_and_the_process_ends(
    service: Service, number: signal.Signals
) -> None:
    with _btcturk(service) as one, _algolab(service) as other, _dark_socket(service) as dark:
        began = time.monotonic()
        service.process.send_signal(number)
        assert (_close_code(one), _close_code(other)) == (1001, 1001)
        assert dark.recv(1) == b""
        assert time.monotonic() - began < longest_stop()
        assert service.process.wait(10) == 0
        assert time.monotonic() - began < END_SECONDS
    assert service.process.stdout is not None
    assert not re.search(r"did not end in time|Traceback", service.process.stdout.read())


def test_a_client_in_silence_an_idle_connection_and_a_slow_call_do_not_hold_the_stop_up(service: Service) -> None:
    with _btcturk(service) as silent, socket.create_connection(("127.0.0.1", service.btcturk)) as idle:
        service.call("/admin/btcturk/faults", {"fault": "silence", "seconds": 60})
        while not _done(service, "silence"):
            time.sleep(0.02)
        silent.send("hello")
        service.call("/admin/btcturk/faults", {"fault": "slow_rest", "seconds": 60})
        slow = threading.Thread(target=service.call, args=("/api/v2/server/time",))
        slow.start()
        while service.call("/admin/btcturk/faults")["armed"]:
            time.sleep(0.02)
        began = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(10) == 0
        assert time.monotonic() - began < END_SECONDS
        slow.join(5)
        assert not slow.is_alive()
        assert idle.recv(1) == b""


def test_a_client_that_reads_nothing_does_not_hold_the_stop_up(service: Service) -> None:
    with socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.connect(("127.0.0.1", service.btcturk))
        stuck.sendall(UPGRADE)
        service.call("/admin/btcturk/faults", {"fault": "huge_frame", "count": 100})
        before = -1
        while _done(service, "huge_frame") != before:
            before = _done(service, "huge_frame")
            time.sleep(1.0)
        assert 0 < before < 100, "the venue waits until the client reads"
        began = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(10) == 0
        assert time.monotonic() - began < END_SECONDS


def test_while_the_sockets_close_new_ones_are_refused(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.btcturk)) as stubborn:
        stubborn.sendall(UPGRADE)
        assert stubborn.recv(12) == b"HTTP/1.1 101"
        service.process.send_signal(signal.SIGTERM)
        while b"\x88" not in stubborn.recv(65_536):
            """It never answers the close frame, so that the venue waits for it."""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", service.btcturk), timeout=5)
        assert service.process.poll() is None


def test_a_recycled_worker_closes_its_sockets_and_the_next_one_opens_the_same_ports(service: Service) -> None:
    with _btcturk(service) as client:
        worker = service.worker
        os.kill(worker, signal.SIGTERM)
        assert _close_code(client) == 1001
    _wait_ready(service)
    with _btcturk(service) as client:
        assert client.recv(10)
        assert service.worker != worker
