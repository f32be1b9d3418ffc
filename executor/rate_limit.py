"""The limit on writes: every write needs the operator's token and a place in the present second."""

from __future__ import annotations

import threading
from collections.abc import Callable

from flask import request
from pyrate_limiter import Duration, InMemoryBucket, Rate, RateItem
from werkzeug.exceptions import TooManyRequests

from common import ops

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
        with self._lock:
            now = int(self._monotonic() * 1000)
            self._bucket.leak(now)
            admitted = self._bucket.put(RateItem("write", now))
        request.get_data()  # also for a call that needs no body: one that is too large is refused
        if not admitted:
            raise TooManyRequests(f"the limit is {self._per_second} writes per second", retry_after=RETRY_SECONDS)
