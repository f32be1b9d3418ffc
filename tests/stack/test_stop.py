"""A stop by SIGTERM: every service ends at once, and its open streams end well."""

from __future__ import annotations

import threading
import time

import urllib3

from tests.common.server import longest_stop
from tests.stack.stack import FLASK_SERVICES, Stack

STREAMS = {
    "marketdata": "/v1/stream",
    "executor-1": "/v1/orders/stream",
    "executor-2": "/v1/orders/stream",
    "web": "/api/live",
}
SERVICES = ("web", "canary", "executor-1", "executor-2", "marketdata", "venue")
"""Each before those that it reads from, so that no stream ends for another reason."""


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
        self._thread.join(20)
        return self.fault


def _stop(stack: Stack, service: str) -> float:
    """Sends SIGTERM; returns the seconds until the container had ended."""
    identity = stack.container(service)["Id"]
    began = time.monotonic()
    stack.run("docker", "kill", "--signal", "TERM", identity)
    stack.run("docker", "wait", identity)
    return time.monotonic() - began


def test_every_service_of_ours_is_stopped_here() -> None:
    assert set(SERVICES) == {*FLASK_SERVICES, "venue"}


def test_each_service_with_open_streams_ends_at_once_and_well_on_sigterm(healthy: Stack) -> None:
    readers = {service: [Reader(healthy, service) for _ in range(3)] for service in STREAMS}
    assert all(reader.began.wait(60) for each in readers.values() for reader in each)
    try:
        for service in SERVICES:
            assert _stop(healthy, service) < longest_stop(), service
            faults = [reader.ended() for reader in readers.get(service, [])]
            assert faults == [None] * len(faults), service
    finally:
        healthy.compose("start", *SERVICES)
