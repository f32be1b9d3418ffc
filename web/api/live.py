"""Sends a page what changed since it was painted: as an event stream, or whole for a page that polls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

from flask import Blueprint, Response

from common import ops, sse, wire
from common.latest import NOTHING_SEEN
from common.loop import Stop
from web.panels import Painter
from web.state import ConsoleState

BEAT_SECONDS = 3.0
CONFLATE_SECONDS = 0.15
RETRY = b"retry: 2000\n\n"


class PageFeed:
    """Knows what one browser was sent, and so what it must be sent next."""

    def __init__(self, painter: Painter, state: ConsoleState) -> None:
        self._painter = painter
        self._state = state
        self._rows: Mapping[str, object] | None = None
        self._html: dict[str, str] = {}
        self._at: dict[str, float | None] = {}
        self._quotes_reason: object = self

    def changes(self) -> dict[str, Any]:
        """Returns `now`, and the quote rows and panels that differ from what was sent.

        `quote_symbols` tells which rows there are, when those are others than before.
        """
        found: dict[str, Any] = {"now": self._state.clock.unix()}
        all_rows = {row.symbol: row for row in self._painter.quotes()}
        rows = [row for row in all_rows.values() if self._rows is None or self._rows.get(row.symbol) != row]
        drawn = (self._panel(panel.name, str(panel.html), panel.at) for panel in self._painter.panels())
        panels = [panel for panel in drawn if panel]
        if self._rows is None or self._rows.keys() != all_rows.keys():
            found["quote_symbols"] = list(all_rows)
        self._rows = all_rows
        if rows:
            found["quotes"] = rows
        if panels:
            found["panels"] = panels
        reason = self._state.quotes.reason
        if reason != self._quotes_reason:
            found["quotes_reason"] = self._quotes_reason = reason
        return found

    def _panel(self, name: str, html: str, at: float | None) -> dict[str, Any] | None:
        """Returns what must be sent of a panel: its `html` only when that changed; None when nothing did."""
        sent: dict[str, Any] = {"name": name, "at": at}
        if self._html.get(name) != html:
            sent["html"] = self._html[name] = html
        elif name in self._at and self._at[name] == at:
            return None
        self._at[name] = at
        return sent


def events(feed: PageFeed, state: ConsoleState, stop: Stop) -> Iterator[bytes]:
    """Yields changes as events, a few in a second at most, until the stop.

    When nothing changes an event comes every `BEAT_SECONDS`, so that silence means loss. It is no comment, because the
    page's script can't see those.
    """
    monotonic, changes = state.clock.monotonic, state.changes
    seen, beat_at = NOTHING_SEEN, -inf

    def following(seconds: float) -> bytes:
        nonlocal seen, beat_at
        first = seen == NOTHING_SEEN
        seen, _ = changes.wait(seen, seconds)
        if not first:
            stop.wait(CONFLATE_SECONDS)
        found = feed.changes()
        if len(found) == 1 and monotonic() < beat_at:
            return b""
        beat_at = monotonic() + BEAT_SECONDS
        return sse.encode("change", found)

    return sse.follow(RETRY, following, stop=stop, heartbeat=inf, monotonic=monotonic)


def blueprint(
    market: wire.Market, painter: Painter, state: ConsoleState, streams: sse.StreamSlots, stop: Stop
) -> Blueprint:
    """Returns `GET /api/live` (an event stream) and `GET /api/state` (everything as JSON)."""
    routes = Blueprint("live", __name__)

    @routes.get("/api/live")
    def live() -> Response:
        return sse.respond(streams, lambda: events(PageFeed(painter, state), state, stop))

    @routes.get("/api/state")
    def whole() -> Response:
        return ops.answer({"market": market, **PageFeed(painter, state).changes()})

    return routes
