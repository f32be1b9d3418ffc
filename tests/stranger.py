"""A page of somebody else's, under a foreign name that a Chromium started with `REBOUND` resolves to this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STRANGER = "stranger.test"
REBOUND = f"--host-resolver-rules=MAP {STRANGER} 127.0.0.1"


class _Blank(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>stranger</title><body>nothing to see")

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""


@contextmanager
def strangers_page() -> Iterator[str]:
    """Serves the page; its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Blank) as server:
        threading.Thread(target=partial(server.serve_forever, 0.05), daemon=True).start()
        try:
            yield f"http://{STRANGER}:{server.server_port}/"
        finally:
            server.shutdown()
