"""A stop by SIGTERM: every service ends at once, and its open streams end well."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import urllib3

from tests.common.server import longest_stop
from tests.stack.stack import FLASK_SERVICES, Stack

STREAMS = {
    "marketdata": "/v1/stream",
    "executor-1": "/v1/orders/stream",
    "executor-2": "/v1/orders/stream",
    "web": "/api/live",
}
SERVICES = (*FLASK_SERVICES, "venue")


class Reader:
    """Reads a stream until it ends, on a thread; `fault` says why it did not end well."""

    def __init__(self, stack: Stack, service: str) -> None:
        url = stack.url(service, STREAMS[service])
        self._answer = stack.http.request("GET", url, preload_content=False, timeout=urllib3.Timeout(total=60))
        self.began = threading.Event()
        self.fault: str | None = "it did not end"
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for _ in self._answer.stream(1024):
                self.began.set()
        except urllib3.exceptions.HTTPError as error:
            self.fault = f"{type(error).__name__}: {error}"
        else:
            self.fault = None

    def ended(self) -> str | None:
        self._thread.join(5)
        return self.fault


@contextmanager
def _stopped(stack: Stack, service: str) -> Iterator[float]:
    """Sends SIGTERM and gives the seconds until the container had ended; starts it again afterwards."""
    identity = stack.container(service)["Id"]
    began = time.monotonic()
    stack.run("docker", "kill", "--signal", "TERM", identity)
    stack.run("docker", "wait", identity)
    try:
        yield time.monotonic() - began
    finally:
        stack.compose("start", service)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_with_open_streams_ends_at_once_and_well_on_sigterm(healthy: Stack, service: str) -> None:
    readers = [Reader(healthy, service) for _ in range(3)] if service in STREAMS else []
    for reader in readers:
        assert reader.began.wait(10)
    with _stopped(healthy, service) as seconds:
        assert seconds < longest_stop()
        assert [reader.ended() for reader in readers] == [None] * len(readers)
