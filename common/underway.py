"""The requests that a service is answering right now, and on which threads."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass(frozen=True)
class UnderWay:
    """A request that is being answered.

    number: counts the requests of this process.
    thread: the thread that answers it.
    method, path: what was asked.
    """

    number: int
    thread: int
    method: str
    path: str


class Requests:
    """The requests under way. A stream counts until its first byte.

    hanging: so many of them hang, as of the last look for such.
    """

    def __init__(self) -> None:
        self.hanging = 0
        self._running: dict[int, UnderWay] = {}
        self._numbers = count(1)

    def now(self) -> list[UnderWay]:
        """Returns those under way."""
        return list(self._running.copy().values())

    def watching(self, application: WSGIApplication) -> WSGIApplication:
        """Returns the application, whose requests are in the table while they are answered."""

        def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            thread = threading.get_ident()
            method, path = str(environ.get("REQUEST_METHOD")), str(environ.get("PATH_INFO"))[:200]
            self._running[thread] = UnderWay(next(self._numbers), thread, method, path)
            try:
                return application(environ, start_response)
            finally:
                self._running.pop(thread, None)

        return call
