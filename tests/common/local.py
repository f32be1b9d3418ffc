"""An app on a loopback socket of its own, and waiting for what happens soon."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import HTTPServer

from flask import Flask
from werkzeug.serving import make_server


@contextmanager
def in_background(server: HTTPServer) -> Iterator[str]:
    """Runs a server until left; gives its address."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


@contextmanager
def http_server(app: Flask, port: int = 0) -> Iterator[str]:
    """Serves an app on loopback; gives its address."""
    with in_background(make_server("127.0.0.1", port, app, threaded=True)) as address:
        yield address


def free_port() -> int:
    """A port of loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(condition: Callable[[], object], seconds: float = 40.0) -> None:
    """Waits for a condition; fails the test when it does not hold in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)
