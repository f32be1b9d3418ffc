"""The client of a stream of events of another service."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator

import urllib3

from common import sse
from common.errors import Unavailable

CONNECT_SECONDS = 2.0
CHUNK_BYTES = 64 * 1024
BROKEN = (urllib3.exceptions.HTTPError, OSError)


class EventStream:
    """Reads one event stream at a time. A sender that is silent for `silence` seconds is given up."""

    def __init__(self, senders: int, silence: float) -> None:
        self._pool = urllib3.PoolManager(
            num_pools=senders, maxsize=1, retries=False, timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=silence)
        )
        self._answer: urllib3.BaseHTTPResponse | None = None
        self._ended = False

    def open(self, url: str, sender: str, last_id: str = "") -> Generator[sse.Event, None, None]:
        """Opens the stream of `sender` and returns its events. Raises `Unavailable`, also when the stream ends."""
        headers = {"Connection": "close", **({"Last-Event-ID": last_id} if last_id else {})}
        try:
            answer = self._pool.request("GET", url, headers=headers, preload_content=False, redirect=False)
        except BROKEN as error:
            raise Unavailable(f"{sender} does not answer ({type(error).__name__})") from error
        self._answer = answer
        if answer.status != 200 or self._ended:
            answer.close()
            raise Unavailable(f"{sender} answered {answer.status}", answered=answer.status)
        return self._events(answer, sender)

    def end(self) -> None:
        """Ends the open stream and every later one. Any thread may call this."""
        self._ended = True
        if self._answer is not None:
            with contextlib.suppress(ValueError, RuntimeError, OSError):  # the stream has ended by itself meanwhile
                self._answer.shutdown()

    def _events(self, answer: urllib3.BaseHTTPResponse, sender: str) -> Generator[sse.Event, None, None]:
        try:
            for event in sse.read(sse.lines(_chunks(answer))):
                if event is not None:
                    yield event
        except (*BROKEN, sse.TooLarge) as error:
            raise Unavailable(f"the stream of {sender} broke ({type(error).__name__})") from error
        finally:
            answer.close()
        raise Unavailable(f"{sender} ended its stream")


def _chunks(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Yields what has arrived, as soon as something has."""
    while chunk := answer.read1(CHUNK_BYTES):
        yield chunk
