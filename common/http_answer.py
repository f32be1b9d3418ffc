"""One answer of the HTTP server: the application is called, and head and body go out together."""

from __future__ import annotations

import os
from typing import Any
from wsgiref.types import WSGIApplication

from gunicorn.http import wsgi


class AnswerWriter(wsgi.Response):  # type: ignore[misc]
    """gunicorn's writer of answers, whose head goes out with the first part of the body: one packet, not two.

    headers_sent: true once the head is made.
    """

    headers_sent: bool

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._head = b""

    def send_headers(self) -> None:
        """Keeps the head until something goes out."""
        if not self.headers_sent:
            own = [f"{name}: {value}\r\n" for name, value in self.headers]
            self._head = "".join([*self.default_headers(), *own, "\r\n"]).encode("latin-1")
            self.headers_sent = True

    def write(self, arg: bytes) -> None:
        """Sends a part of the body, and the head if it waits."""
        super().write(arg)
        self._send()

    def close(self) -> None:
        """Ends the answer."""
        self.send_headers()
        self._send()
        super().close()

    def _emit_body(self, data: bytes) -> None:
        if self.chunked:
            data = b"%X\r\n%b\r\n" % (len(data), data)
        self._send(data)

    def _send(self, data: bytes = b"") -> None:
        """Sends the head if it waits, and `data`. Nearly always there is room for all; then one call is enough."""
        data, self._head = self._head + data, b""
        if not data:
            return
        try:
            sent = os.write(self.sock.fileno(), data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self.sock.sendall(memoryview(data)[sent:])


def answer(application: WSGIApplication, environ: dict[str, Any], to: AnswerWriter) -> None:
    """Has the application answer a request, and sends its answer."""
    parts = application(environ, to.start_response)
    try:
        for part in parts:
            to.write(part)
        to.close()
    finally:
        if hasattr(parts, "close"):
            parts.close()
