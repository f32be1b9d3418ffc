"""A real HTTP server that does what a test's script says, and a client for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from common.clock import SYSTEM_CLOCK
from marketdata.outbound import Access
from marketdata.rest.budget import Budget, Limit
from marketdata.rest.client import RestClient, RetryPolicy

LIMITS = {"one": Limit(1_000, 1), "two": Limit(1_000, 1), "host": Limit(1_000, 1)}
ENDPOINTS = {"one": ("one", "host"), "two": ("two", "host"), "all": ("host", "one")}
QUICK = RetryPolicy(deadline=20.0, connect=5.0, read=5.0, attempts=3, base=0.01, cap=0.05)

Script = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Notes when it was asked for what, then does what the server's script says."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((time.monotonic(), self.path))
        self.server.script(self)

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def answer(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Says nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[float, str]] = []
        self.script = script

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """A client that left in the middle is what some tests want."""


@contextmanager
def running_server(script: Script) -> Iterator[Server]:
    with Server(script) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(5)


class MovedClock:
    """The monotonic clock, which a test moves ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


def client_of(
    url: str,
    *,
    budget: Budget | None = None,
    access: Access | None = None,
    retries: RetryPolicy = QUICK,
    most: int = 10_000,
) -> RestClient:
    made = budget or Budget(LIMITS, monotonic=time.monotonic)
    return RestClient(
        url, ENDPOINTS, budget=made, clock=SYSTEM_CLOCK, access=access, retries=replace(retries, most_bytes=most)
    )


def answering(status: int, **headers: str) -> Script:
    return lambda handler: handler.answer(status, b'{"message":"told"}', **headers)
