"""What changed since the page was painted: an event stream per browser, or the whole state for those who poll."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from flask import Blueprint, Response

from common import ops, wire
from common.errors import Unavailable
from web import sse
from web.knowledge import Knowledge
from web.metrics import Metrics
from web.panels import Painter

MAX_STREAMS = 12
BEAT_SECONDS = 3.0
CONFLATE_SECONDS = 0.15
RETRY = b"retry: 2000\n\n"


class Feed:
    """What one browser was sent so far, hence what it must be sent next."""

    def __init__(self, painter: Painter, known: Knowledge) -> None:
        self._painter = painter
        self._known = known
        self._rows: dict[str, object] = {}
        self._html: dict[str, str] = {}
        self._at: dict[str, float | None] = {}
        self._quotes_reason: object = self

    def changes(self) -> dict[str, Any]:
        """`now`, and whatever differs from what was sent: quote rows, panels (with `html` only when it differs)."""
        found: dict[str, Any] = {"now": self._known.clock.now().timestamp()}
        rows = [row for row in self._painter.quotes() if self._rows.get(row.symbol) != row]
        panels = [
            told for panel in self._painter.panels() if (told := self._told(panel.name, str(panel.html), panel.at))
        ]
        self._rows |= {row.symbol: row for row in rows}
        if rows:
            found["quotes"] = rows
        if panels:
            found["panels"] = panels
        reason = self._known.quotes.reason
        if reason != self._quotes_reason:
            found["quotes_reason"] = self._quotes_reason = reason
        return found

    def _told(self, name: str, html: str, at: float | None) -> dict[str, Any] | None:
        told: dict[str, Any] = {"name": name, "at": at}
        if self._html.get(name) != html:
            told["html"] = self._html[name] = html
        elif name in self._at and self._at[name] == at:
            return None
        self._at[name] = at
        return told


class Slots:
    """How many streams may be open: each holds a thread of the server, and the rest of the page needs some too."""

    def __init__(self, most: int, metrics: Metrics) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._most = most
        self._metrics = metrics

    def take(self) -> Callable[[], None]:
        """What gives the slot back, once. Raises `Unavailable` when none is free."""
        if not self._free.acquire(blocking=False):
            self._metrics.stream_refused()
            raise Unavailable(f"{self._most} streams are open, poll /api/state instead", limit=self._most)
        self._metrics.stream_opened()
        open_still = threading.Lock()

        def give_back() -> None:
            if open_still.acquire(blocking=False):
                self._metrics.stream_closed()
                self._free.release()

        return give_back


def events(feed: Feed, known: Knowledge) -> Iterator[bytes]:
    """Changes as they happen, a few times a second at most; a beat when there are none, so that silence means loss."""
    yield RETRY
    seen, last = known.changes.count, 0.0
    while not known.changes.ended:
        changes, moment = feed.changes(), known.clock.monotonic()
        if len(changes) > 1 or moment - last >= BEAT_SECONDS:
            last = moment
            yield sse.encode("change", changes)
        seen = known.changes.wait(seen, BEAT_SECONDS)
        time.sleep(CONFLATE_SECONDS)


def blueprint(
    market: wire.Market, painter: Painter, known: Knowledge, metrics: Metrics, *, most: int = MAX_STREAMS
) -> Blueprint:
    """`GET /api/live` (Server-Sent Events) and `GET /api/state` (the same, whole, as JSON)."""
    pages = Blueprint("live", __name__)
    slots = Slots(most, metrics)

    @pages.get("/api/live")
    def live() -> Response:
        give_back = slots.take()
        response = Response(events(Feed(painter, known), known), content_type="text/event-stream")
        response.headers["X-Accel-Buffering"] = "no"
        response.call_on_close(give_back)
        return response

    @pages.get("/api/state")
    def state() -> Response:
        return ops.answer({"market": market, **Feed(painter, known).changes()})

    return pages
