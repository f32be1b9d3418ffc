"""Asks the container engine by its socket. Only GET is ever sent, and only the paths that `project.py` names."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from common.errors import NotFound, Unavailable

LARGEST_ANSWER = 8 * 1024 * 1024
"""In bytes. A container's whole description has about 10 KiB."""
CHUNK_BYTES = 65_536


class EngineSocket:
    """The engine behind a socket. Each question has a connection of its own, so that any thread may ask."""

    def __init__(self, path: Path, seconds: float, monotonic: Callable[[], float]) -> None:
        """Waits at most `seconds` for each part of an answer, and twice as long for the whole."""
        self._path, self._seconds, self._monotonic = path, seconds, monotonic

    def ask(self, path: str, **parameters: str) -> Any:
        """Returns the JSON of an answer. Raises `NotFound`, and `Unavailable` with the reason."""
        status, body = self._get(f"{path}?{urlencode(parameters)}" if parameters else path)
        if status == 404:
            raise NotFound("the engine has nothing there")
        if status != 200:
            raise Unavailable(f"the container engine answers with status {status}")
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unavailable("the container engine's answer can't be read") from error

    def _get(self, target: str) -> tuple[int, bytes]:
        connection = _SocketConnection(self._path, self._seconds)
        end = self._monotonic() + 2 * self._seconds
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            return answer.status, self._body(answer, end)
        except (OSError, http.client.HTTPException) as error:
            told = f"the container engine does not answer at its socket ({type(error).__name__})"
            raise Unavailable(f"{told}: does it run, and is SPARK_DOCKER_SOCKET its socket?") from error
        finally:
            connection.close()

    def _body(self, answer: http.client.HTTPResponse, end: float) -> bytes:
        parts, size = [], 0
        while part := answer.read1(CHUNK_BYTES):
            parts.append(part)
            size += len(part)
            if size > LARGEST_ANSWER:
                raise Unavailable("the container engine's answer is too large")
            if self._monotonic() > end:
                raise Unavailable("the container engine answers too slowly")
        if answer.length:
            raise http.client.IncompleteRead(b"", answer.length)
        return b"".join(parts)


class _SocketConnection(http.client.HTTPConnection):
    """An HTTP connection over a socket in the file system."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        """Connects to the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
