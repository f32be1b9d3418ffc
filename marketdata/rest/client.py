"""Calls venues over HTTP within their limits: budgets, bounded answers, silence on request, typed failures."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tenacity
import urllib3

from common.clock import Clock
from marketdata.outbound import USER_AGENT, Access, Proxy
from marketdata.refusals import OF_CALLERS, THROTTLED, asked_wait, of_credentials, retry_after_seconds, wait_seconds
from marketdata.rest.budget import Budget, Spent
from marketdata.rest.replies import (
    OUTCOMES,
    Barred,
    Failed,
    NoBudget,
    Rejected,
    Reply,
    RestError,
    RestTooLarge,
    RestUnauthorized,
    RestUnavailable,
    Throttled,
    Unreachable,
)
from marketdata.tape.taps import CallTap

CHUNK_BYTES = 65_536
SHOWN_BYTES = 500
_TUNNEL_STATUS = re.compile(r"Tunnel connection failed: (\d{3})\b")

Endpoints = Mapping[str, tuple[str, ...]]
"""The kinds of call, by name: the budget's limits that each call uses. A 429 or 503 silences the first one, a refusal
of the caller the one that is named after the call, or else the first one."""


@dataclass(frozen=True)
class RetryPolicy:
    """The limits of a call: its times in seconds, and its tries.

    deadline: the longest that a call may take, waits and tries included.
    connect: the longest that connecting may take.
    read: the longest wait for the next bytes.
    attempts: how often a GET is tried that met a dead connection or a 5xx.
    most_bytes: the most that the decoded body may have.
    base, cap: before try n + 1 a pause is drawn from 0 to min(cap, base · 2^n).
    """

    deadline: float = 30.0
    connect: float = 5.0
    read: float = 10.0
    attempts: int = 3
    base: float = 0.5
    cap: float = 5.0
    most_bytes: int = 8 * 2**20


class RestCounters:
    """Counts the attempts of each endpoint by outcome, and the seconds that they waited for the budget."""

    def __init__(self, endpoints: Endpoints) -> None:
        names = {(endpoint, outcome): 0 for endpoint in endpoints for outcome in OUTCOMES}
        self._requests: Counter[tuple[str, str]] = Counter(names)
        self._waited = dict.fromkeys(endpoints, 0.0)
        self._lock = threading.Lock()

    def count(self, endpoint: str, outcome: str) -> None:
        """Counts one attempt."""
        with self._lock:
            self._requests[endpoint, outcome] += 1

    def waited(self, endpoint: str, seconds: float) -> None:
        """Adds a wait for the budget."""
        with self._lock:
            self._waited[endpoint] += seconds

    def requests(self) -> dict[tuple[str, str], int]:
        """Returns the attempts by endpoint and outcome."""
        with self._lock:
            return dict(self._requests)

    def wait_seconds(self) -> dict[str, float]:
        """Returns the seconds waited, by endpoint."""
        with self._lock:
            return dict(self._waited)


class RestClient:
    """Calls one venue's host, for any number of threads.

    A call ends within its deadline plus one `RetryPolicy.read`, unless a server drips its headers.

    counters: the attempts and waits so far.
    """

    def __init__(
        self,
        base_url: str,
        endpoints: Endpoints,
        *,
        budget: Budget,
        clock: Clock,
        access: Access | None = None,
        retries: RetryPolicy | None = None,
        tap: CallTap | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.counters = RestCounters(endpoints)
        self._endpoints, self._budget, self._retries = endpoints, budget, retries or RetryPolicy()
        self._monotonic, self._unix = clock.monotonic, clock.unix
        access = access or Access()
        self._credentials, self._pool = access.credentials, _pool(access.proxies.of(self.base_url))
        self._tap = tap

    def get(self, endpoint: str, path: str, params: Mapping[str, str] | None = None) -> Reply:
        """Returns a 2xx answer; raises a `RestError` for anything else. `RetryPolicy` says what is tried again."""
        retries = self._retries
        tries = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(retries.attempts) | tenacity.stop_before_delay(retries.deadline),
            wait=tenacity.wait_random_exponential(multiplier=retries.base, max=retries.cap),
            retry=tenacity.retry_if_exception_type((Failed, Unreachable)),
            reraise=True,
        )
        return tries(self._attempt, self._monotonic() + retries.deadline, endpoint, "GET", path, fields=params)

    def post(self, endpoint: str, path: str, body: bytes, *, headers: Mapping[str, str] | None = None) -> Reply:
        """Like `get`, with a JSON body, and tried only once."""
        sent = {"User-Agent": USER_AGENT, "Content-Type": "application/json", **(headers or {})}
        return self._attempt(
            self._monotonic() + self._retries.deadline, endpoint, "POST", path, body=body, headers=sent
        )

    def resume(self) -> None:
        """Lets calls be made again whose caller was refused: a person says so."""
        self._budget.resume()

    def _attempt(self, ends: float, endpoint: str, method: str, path: str, **sent: Any) -> Reply:
        """Makes one attempt, which ends at `ends` (monotonic). `sent` has the parameters, the body and the headers."""
        asked = self._monotonic()
        try:
            reply = self._ask(ends, endpoint, method, path, sent)
        except RestError as error:
            self.counters.count(endpoint, error.outcome)
            if self._tap is not None:
                self._tap.called(asked, method, path, sent, error)
            raise
        self.counters.count(endpoint, "ok")
        if self._tap is not None:
            self._tap.called(asked, method, path, sent, reply)
        return reply

    def _ask(self, ends: float, endpoint: str, method: str, path: str, sent: Mapping[str, Any]) -> Reply:
        try:
            waited = self._budget.acquire(self._endpoints[endpoint], ends - self._monotonic())
        except Spent as spent:
            raise NoBudget(endpoint, str(spent), spent.seconds) from spent
        self.counters.waited(endpoint, waited)
        left = max(0.01, ends - self._monotonic())
        timeout = urllib3.Timeout(connect=min(self._retries.connect, left), read=min(self._retries.read, left))
        try:
            answer = self._pool.request(
                method, self.base_url + path, timeout=timeout, redirect=False, preload_content=False, **sent
            )
            try:
                return self._judge(endpoint, answer, ends)
            finally:
                answer.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            refused = _proxy_status(error)
            if refused in OF_CALLERS:
                raise self._barred(endpoint, f"the proxy answered {refused}", refused) from error
            raise Unreachable(endpoint, f"{self.base_url} does not answer ({type(error).__name__})") from error
        finally:
            self._budget.answered(self._endpoints[endpoint])

    def _judge(self, endpoint: str, answer: urllib3.BaseHTTPResponse, ends: float) -> Reply:
        status = answer.status
        if status in THROTTLED:
            raise self._throttled(endpoint, status, answer.headers.get("Retry-After"))
        if self._credentials and of_credentials(status, answer.headers):
            self._welcome(endpoint)
            raise RestUnauthorized(endpoint, f"answered {status}", status=status)
        if status in OF_CALLERS:
            raise self._barred(endpoint, f"answered {status}", status, answer.headers.get("Retry-After"))
        self._welcome(endpoint)
        if status >= 500:
            raise Failed(endpoint, f"answered {status}", status=status)
        body = self._read(endpoint, answer, ends)
        if not 200 <= status < 300:
            shown = body[:SHOWN_BYTES].decode(errors="replace")
            raise Rejected(endpoint, f"answered {status}: {shown}", status=status)
        return Reply(status, body, answer.headers)

    def _throttled(self, endpoint: str, status: int, retry_after: str | None) -> Throttled:
        limit, now = self._endpoints[endpoint][0], self._unix()
        if status == 429 and retry_after_seconds(retry_after, now) is None:
            return Throttled(endpoint, status, self._budget.too_fast(limit))
        seconds = max(wait_seconds(retry_after, now), self._budget.patience(limit))
        self._budget.silence(limit, seconds)
        return (Throttled if status == 429 else RestUnavailable)(endpoint, status, seconds)

    def _barred(self, endpoint: str, reason: str, status: int, retry_after: str | None = None) -> Barred:
        limit, asked = self._own(endpoint), asked_wait(retry_after, self._unix())
        self._budget.silence(limit, asked)
        return Barred(endpoint, reason, status, max(asked, self._budget.barred(limit)))

    def _own(self, endpoint: str) -> str:
        limits = self._endpoints[endpoint]
        return endpoint if endpoint in limits else limits[0]

    def _welcome(self, endpoint: str) -> None:
        for limit in {self._endpoints[endpoint][0], self._own(endpoint)}:
            self._budget.welcome(limit)

    def _read(self, endpoint: str, answer: urllib3.BaseHTTPResponse, ends: float) -> bytes:
        body, most = bytearray(), self._retries.most_bytes
        while chunk := answer.read1(CHUNK_BYTES):
            body += chunk
            if len(body) > most:
                raise RestTooLarge(endpoint, f"the body is larger than {most} bytes", status=answer.status)
            if self._monotonic() > ends:
                raise Unreachable(endpoint, "the body did not come to its end in time", status=answer.status)
        return bytes(body)


def _pool(proxy: Proxy | None) -> urllib3.PoolManager:
    """Returns the pool of one host, through the proxy on the way there."""
    headers = {"User-Agent": USER_AGENT}
    if proxy is None:
        return urllib3.PoolManager(num_pools=2, maxsize=8, retries=False, headers=headers)
    login = f"{proxy.username}:{proxy.password}" if proxy.username else None
    known = urllib3.make_headers(proxy_basic_auth=login)
    return urllib3.ProxyManager(proxy.url, num_pools=2, maxsize=8, retries=False, headers=headers, proxy_headers=known)


def _proxy_status(error: BaseException) -> int:
    """Returns the status by which a proxy refused a tunnel, which the library tells in a text alone; 0 for none."""
    cause = error.original_error if isinstance(error, urllib3.exceptions.ProxyError) else None
    found = _TUNNEL_STATUS.search(str(cause)) if cause is not None else None
    return int(found[1]) if found else 0
