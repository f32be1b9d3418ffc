"""A real server with the canary ends at once when it is told to, whatever it is doing."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.canary.servers import raw_server
from tests.common.server import Server, get, gunicorn, longest_stop

pytestmark = pytest.mark.slow

SIGNALS = [signal.SIGTERM, signal.SIGQUIT]
PACKAGE = "canary_0.1.0_20261122T120000Z.zip"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """The canary, which probes a target that never answers."""
    with ExitStack() as stack:
        target = stack.enter_context(raw_server(lambda connection: connection.recv(1)))
        settings: dict[str, Any] = {
            "SPARK_SERVICE": "canary",
            "SPARK_EVIDENCE_DIR": str(tmp_path),
            "SPARK_PROBE_TARGETS": f"web={target}",
            "SPARK_PROBE_TIMEOUT_SECONDS": "30",
            "SPARK_DOCKER_URL": "none",
        }
        yield stack.enter_context(gunicorn("canary.app:serve()", **settings))


@pytest.mark.parametrize("number", SIGNALS)
def test_a_probe_that_hangs_does_not_hold_the_stop_up(server: Server, number: int) -> None:
    assert b'"verdict":"INCONCLUSIVE"' in get(f"{server.address}/v1/status")[1]
    assert seconds_to_end(server, number) < longest_stop()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_download_that_its_client_does_not_read_does_not_hold_the_stop_up(
    server: Server, tmp_path: Path, number: int
) -> None:
    (tmp_path / PACKAGE).write_bytes(bytes(30_000_000))
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(f"GET /v1/evidence/{PACKAGE} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert client.recv(100).startswith(b"HTTP/1.1 200")
    assert seconds_to_end(server, number) < longest_stop()
    client.close()


def seconds_to_end(server: Server, number: int) -> float:
    began = time.monotonic()
    assert server.terminate(number) == 0
    return time.monotonic() - began
