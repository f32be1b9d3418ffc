"""Values that the console can't draw: each is counted, logged sparingly, and stands as `unreadable` in its place."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from prometheus_client import Counter

from common.sparing import Sparing
from web.view import UNREADABLE

log = logging.getLogger(__name__)

Filter = Callable[..., object]


class Undrawn:
    """Takes note of values that can't be drawn."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._sparing = Sparing()

    def tell(self, kind: str, name: str) -> None:
        """Counts the failure that is being handled, and logs it with its traceback."""
        self._counter.inc()
        if (left_out := self._sparing.passes()) is not None:
            log.exception("a value could not be drawn", extra={"of": kind, "which": name, "left_out": left_out})

    def guarded(self, filters: Mapping[str, Filter]) -> dict[str, Filter]:
        """Returns filters for templates that never fail: one value that can't be drawn must not blind its panel."""
        return {name: self._guarded(name, show) for name, show in filters.items()}

    def _guarded(self, name: str, show: Filter) -> Filter:
        @wraps(show)
        def guarded(*values: Any) -> object:
            try:
                return show(*values)
            except Exception:
                self.tell("filter", name)
                return UNREADABLE

        return guarded
