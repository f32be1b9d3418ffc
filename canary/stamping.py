"""Asks a timestamp authority over HTTP (RFC 3161, section 3.4) when it saw some bytes."""

from __future__ import annotations

import logging
import socket
import ssl
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import NamedTuple
from urllib.parse import urlsplit

from rfc3161_client import TimestampRequestBuilder
from rfc3161_client.base import HashAlgorithm

from canary.deadline import Deadline
from canary.timestamp import MOST_TOKEN_BYTES, Authority, TokenError, checked
from canary.timestamped import Missing, Timestamp
from common import VERSION
from common.clock import Clock
from common.errors import Unavailable

log = logging.getLogger(__name__)

ASK_SECONDS = 10.0
QUERY_TYPE, REPLY_TYPE = "application/timestamp-query", "application/timestamp-reply"


class Query(NamedTuple):
    """A request for a timestamp.

    der: its bytes (TimeStampReq, RFC 3161, section 2.4.1). It asks for the authority's certificates too.
    nonce: a random number that the answer must repeat.
    """

    der: bytes
    nonce: int


class _TooLarge(Exception):
    """The answer has more than `MOST_TOKEN_BYTES`."""


def query(data: bytes) -> Query:
    """Returns the request for a timestamp of `data`, which must not be empty. Only its SHA-256 is in it."""
    request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
    assert request.nonce is not None  # noqa: S101 - the library gives every request a nonce
    return Query(request.as_bytes(), request.nonce)


class Stamper:
    """Gets timestamps from the authority at `url`, and takes only such as `authority` proves.

    It follows no redirect, takes no proxy from the environment, and waits `seconds` for a whole answer.
    """

    def __init__(self, url: str, authority: Authority, clock: Clock, seconds: float = ASK_SECONDS) -> None:
        self.url = url
        self._authority, self._clock, self._seconds = authority, clock, seconds

    def stamp(self, data: bytes) -> Timestamp:
        """Returns the timestamp of `data`, or the reason why there is none. It raises nothing of the authority's."""
        asked = query(data)
        try:
            token = self.ask(asked.der)
            checked(token, data, self._authority, nonce=asked.nonce)
        except Unavailable as error:
            return self._without("unavailable", error.message)
        except TokenError as error:
            return self._without("refused" if error.fault == "refused" else "untrusted", str(error))
        return Timestamp(authority=self.url, missing=None, problem=None, token=token)

    def ask(self, request: bytes) -> bytes:
        """Returns the answer to a request in DER, unread. Raises `Unavailable` when there is no whole one."""
        end = self._clock.monotonic() + self._seconds
        try:
            return self._answer(request, end)
        except TimeoutError as error:
            raise self._unavailable(f"gives no whole answer within {self._seconds:g} s") from error
        except _TooLarge as error:
            raise self._unavailable(f"answers more than {MOST_TOKEN_BYTES} bytes") from error
        except (OSError, HTTPException, ValueError) as error:
            raise self._unavailable(_sentence(error)) from error

    def _without(self, missing: Missing, problem: str) -> Timestamp:
        log.warning("a package gets no timestamp", extra={"reason": missing, "problem": problem})
        return Timestamp(authority=self.url, missing=missing, problem=problem, token=None)

    def _unavailable(self, problem: str) -> Unavailable:
        return Unavailable(f"{self.url} {problem}", service=self.url)

    def _answer(self, request: bytes, end: float) -> bytes:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        # The deadline holds the connection by a socket of its own: TLS takes over the first one.
        with (
            socket.create_connection((host, port), timeout=self._left(end)) as plain,
            plain.dup() as same,
            Deadline(same, self._left(end), "timestamp-deadline"),
            closing(_connection(parts.scheme, host, port, plain)) as connection,
        ):
            connection.request("POST", parts.path or "/", body=request, headers=_HEADERS)
            with connection.getresponse() as response:
                return self._token(response)

    def _token(self, response: HTTPResponse) -> bytes:
        kind = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
        if response.status != 200:
            redirect = ", and a redirect is not followed" if 300 <= response.status < 400 else ""
            raise self._unavailable(f"answers with the status {response.status}{redirect}")
        if kind != REPLY_TYPE:
            raise self._unavailable(f"answers with the type {kind[:60]!r}, not {REPLY_TYPE}")
        token = response.read(MOST_TOKEN_BYTES + 1)
        if len(token) > MOST_TOKEN_BYTES:
            raise _TooLarge
        if response.length:
            raise IncompleteRead(b"", response.length)
        return token

    def _left(self, end: float) -> float:
        return max(0.001, end - self._clock.monotonic())


_HEADERS = {
    "Content-Type": QUERY_TYPE,
    "Accept": REPLY_TYPE,
    "User-Agent": f"spark-canary/{VERSION}",
    "Connection": "close",
}


def _connection(scheme: str, host: str, port: int, plain: socket.socket) -> HTTPConnection:
    """Returns a client of the connected socket, by TLS for https."""
    if scheme != "https":
        connection = HTTPConnection(host, port)
        connection.sock = plain
        return connection
    context = ssl.create_default_context()
    secure = HTTPSConnection(host, port, context=context)
    secure.sock = context.wrap_socket(plain, server_hostname=host)
    return secure


def _sentence(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "refuses the connection"
    if isinstance(error, socket.gaierror):
        return "has a host whose name is not known"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"shows a certificate that is not trusted ({error.verify_message})"
    if isinstance(error, IncompleteRead):
        return "ends its answer early"
    return f"gives no HTTP answer ({type(error).__name__})"
