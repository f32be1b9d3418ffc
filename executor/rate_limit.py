"""What comes in: how fast writes may, one limit for whoever holds the operator's token; numbers of a query."""

from __future__ import annotations

import threading
from collections.abc import Callable

from flask import request
from pyrate_limiter import Duration, InMemoryBucket, Rate, RateItem
from werkzeug.exceptions import TooManyRequests

from common import ops
from common.errors import InvalidRequest

RETRY_SECONDS = 1


class Gate:
    """What every write passes: the token, then the limit. The limit is a sliding second, so nothing is owed longer.
    `clock` is monotonic seconds. The bucket is used without the library's `Limiter`, which starts a thread."""

    def __init__(self, token: str, per_second: int, clock: Callable[[], float]) -> None:
        self._token, self._per_second, self._clock = token, per_second, clock
        self._bucket = InMemoryBucket([Rate(per_second, Duration.SECOND)])
        self._lock = threading.Lock()

    def admit(self) -> None:
        """Raises `Unauthorized`, `RequestEntityTooLarge`, or `TooManyRequests` with Retry-After: nothing was done."""
        ops.require_token(self._token)
        with self._lock:
            now = int(self._clock() * 1000)
            self._bucket.leak(now)
            admitted = self._bucket.put(RateItem("write", now))
        request.get_data()  # also where nothing is asked of the body: one that is too large is refused
        if not admitted:
            raise TooManyRequests(f"the limit is {self._per_second} writes per second", retry_after=RETRY_SECONDS)


def whole(name: str, most: int) -> int | None:
    """A whole number of the query, from 1 to `most`, or None when it is not given."""
    text = request.args.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
        raise InvalidRequest(name, f"must be a whole number from 1 to {most}")
    return int(text)
