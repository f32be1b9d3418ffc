"""The limit on writes: every write needs the operator's token and a place in the present second."""

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


class WriteLimiter:
    """Admits writes, at most `per_second` of them within any second; `monotonic` is in seconds.

    The bucket is used without the library's `Limiter`, which starts a thread.
    """

    def __init__(self, token: str, per_second: int, monotonic: Callable[[], float]) -> None:
        self._token, self._per_second, self._monotonic = token, per_second, monotonic
        self._bucket = InMemoryBucket([Rate(per_second, Duration.SECOND)])
        self._lock = threading.Lock()

    def admit(self) -> None:
        """Raises `Unauthorized`, `RequestEntityTooLarge`, or `TooManyRequests` with Retry-After: nothing was done."""
        ops.require_token(self._token)
        admitted = self._take(1)
        request.get_data()  # also for a call that needs no body: one that is too large is refused
        self._require(admitted)

    def admit_all(self, read: Callable[[bytes], Sequence[T]]) -> Sequence[T]:
        """Returns the parts of the body, as `read` gives them, each of which counts as one write.

        A body that can't be read counts as one. Raises as `admit`, and `InvalidRequest`.
        """
        ops.require_token(self._token)
        body = request.get_data()
        try:
            parts = self._few_enough(read(body))
        except InvalidRequest:
            self._require(self._take(1))
            raise
        self._require(self._take(len(parts)))
        return parts

    def _few_enough(self, parts: Sequence[T]) -> Sequence[T]:
        if len(parts) > self._per_second:
            raise InvalidRequest("orders", f"must be at most {self._per_second}: no more are taken within a second")
        return parts

    def _take(self, writes: int) -> bool:
        with self._lock:
            now = int(self._monotonic() * 1000)
            self._bucket.leak(now)
            return bool(self._bucket.put(RateItem("write", now, weight=writes)))

    def _require(self, admitted: bool) -> None:
        if not admitted:
            raise TooManyRequests(f"the limit is {self._per_second} writes per second", retry_after=RETRY_SECONDS)
