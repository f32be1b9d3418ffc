"""The limits on calls: every write needs the operator's token and a place in the present second."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from flask import request
from pyrate_limiter import Duration, InMemoryBucket, Rate, RateItem
from werkzeug.exceptions import TooManyRequests

from common import ops
from common.errors import InvalidRequest

T = TypeVar("T")

RETRY_SECONDS = 1


class RateLimit:
    """Admits at most `per_second` calls within any second; `monotonic` is in seconds.

    The bucket is used without the library's `Limiter`, which starts a thread.
    """

    def __init__(self, per_second: int, monotonic: Callable[[], float], name: str) -> None:
        """`name` is what is counted, for people."""
        self.per_second = per_second
        self._monotonic, self._name = monotonic, name
        self._bucket = InMemoryBucket([Rate(per_second, Duration.SECOND)])
        self._lock = threading.Lock()

    def take(self, count: int = 1) -> bool:
        """Takes places in the present second; false, and none taken, when there are not as many."""
        with self._lock:
            now = int(self._monotonic() * 1000)
            self._bucket.leak(now)
            return bool(self._bucket.put(RateItem(self._name, now, weight=count)))

    def require(self, admitted: bool) -> None:
        """Raises `TooManyRequests` with Retry-After unless something was admitted."""
        if not admitted:
            reason = f"the limit is {self.per_second} {self._name} per second"
            raise TooManyRequests(reason, retry_after=RETRY_SECONDS)


class WriteLimiter:
    """Admits writes: each needs the operator's token and a place in the present second."""

    def __init__(self, verifier: str, per_second: int, monotonic: Callable[[], float]) -> None:
        self._verifier, self._rate = verifier, RateLimit(per_second, monotonic, "writes")

    def admit(self) -> bytes:
        """Returns the body: also for a call that needs none, so that one that is too large is refused.

        Raises `Unauthorized`, `RequestEntityTooLarge`, or `TooManyRequests` with Retry-After: nothing was done.
        """
        ops.require_token(self._verifier)
        admitted = self._rate.take()
        body = request.get_data()
        self._rate.require(admitted)
        return body

    def admit_all(self, read: Callable[[bytes], Sequence[T]]) -> Sequence[T]:
        """Returns the parts of the body, as `read` gives them, each of which counts as one write.

        A body that can't be read counts as one. Raises as `admit`, and `InvalidRequest`.
        """
        ops.require_token(self._verifier)
        body = request.get_data()
        try:
            parts = self._few_enough(read(body))
        except InvalidRequest:
            self._rate.require(self._rate.take())
            raise
        self._rate.require(self._rate.take(len(parts)))
        return parts

    def _few_enough(self, parts: Sequence[T]) -> Sequence[T]:
        most = self._rate.per_second
        if len(parts) > most:
            raise InvalidRequest("orders", f"must be at most {most}: no more are taken within a second")
        return parts
