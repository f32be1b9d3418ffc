"""The doors that need a token: each request that comes without the right one is counted, and logged sparingly."""

from __future__ import annotations

import logging

from flask import request
from prometheus_client import CollectorRegistry, Counter

from common.errors import DOORS, Door
from common.sparing import Sparing

log = logging.getLogger(__name__)

MISSING, WRONG = "missing", "wrong"


class WrongTokens:
    """Counts and logs the requests that a door refused."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._sparing = Sparing()
        self._counter = Counter(
            "spark_wrong_tokens",
            "Requests without the right token, by the door that refused them",
            ["door", "token"],
            registry=registry,
        )
        for door in DOORS:
            for token in (MISSING, WRONG):
                self._counter.labels(door, token)

    def refused(self, door: Door) -> None:
        """Takes note that a door refused this request. A flood writes a few lines, which say how many are left out."""
        token = WRONG if "Authorization" in request.headers else MISSING
        self._counter.labels(door, token).inc()
        if (left_out := self._sparing.passes()) is not None:
            about = {"door": door, "token": token, "method": request.method, "rule": str(request.url_rule)}
            extra = {"address": request.remote_addr, **about, "left_out": left_out}
            log.warning("a request came without the right token", extra=extra)
