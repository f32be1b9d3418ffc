"""The HTTP answers about the card, the history and the badge."""

from __future__ import annotations

from flask import Flask, Response, request

from canary.badge import badge
from canary.card import card_of
from canary.history import reads
from canary.history.cursor import cursor_of, place_of
from canary.history.entries import microseconds
from canary.history.messages import Beginning, HourSummary, RunRow, Uptime, UptimeDay
from canary.history.store import HistoryFile
from canary.history.uptime import totals
from canary.monitor import Monitor
from canary.settings import Settings
from canary.verdict import VERDICTS
from common import ops, query, wire
from common.clock import SYSTEM_CLOCK

DEFAULT_ON_PAGE, MOST_ON_PAGE = 50, 200
DEFAULT_DAYS, MOST_DAYS = 30, 400
FRESH = "no-cache, no-store, max-age=0"
"""Some proxies of images heed no-store only beside no-cache."""


class RunsAnswer(wire.Message, frozen=True, kw_only=True):
    """The body of `GET /v1/runs`.

    market: the market that the stack runs on.
    began: the beginning of the history; None before its first round.
    runs: the rounds, newest first.
    next: the `before` of the next page; None at the end.
    """

    market: wire.Market
    began: Beginning | None
    runs: tuple[RunRow, ...]
    next: str | None


class HoursAnswer(wire.Message, frozen=True, kw_only=True):
    """The body of `GET /v1/hours`.

    market: the market that the stack runs on.
    hours: the hours, newest first; none for an hour without a round.
    next: the `before` of the next page; None at the end.
    """

    market: wire.Market
    hours: tuple[HourSummary, ...]
    next: str | None


class UptimeAnswer(wire.Message, frozen=True, kw_only=True):
    """The body of `GET /v1/uptime`.

    market: the market that the stack runs on.
    began: the beginning of the history; None before its first round.
    services: the uptime of each service over all the days.
    days: the uptime of each service and day, newest day first.
    """

    market: wire.Market
    began: Beginning | None
    services: tuple[Uptime, ...]
    days: tuple[UptimeDay, ...]


def add_routes(app: Flask, settings: Settings, monitor: Monitor, history: HistoryFile) -> None:
    """Adds /v1/canary, /v1/runs, /v1/hours, /v1/uptime and /badge.svg."""
    market = settings.service.market

    @app.get("/v1/canary")
    def card() -> Response:
        return ops.answer(card_of(market, monitor, history, SYSTEM_CLOCK.now()))

    @app.get("/v1/runs")
    @query.takes("limit", "before", "verdict", "changed")
    def runs() -> Response:
        limit, before = _place()
        changed = query.choice("changed", None, ("true",)) is not None
        wanted = reads.RunFilter(query.choice("verdict", None, VERDICTS), changed)
        read = history.read(lambda file: (reads.beginning(file), *reads.runs(file, wanted, before, limit)))
        began, found, place = read or (None, (), None)
        return ops.answer(RunsAnswer(market=market, began=began, runs=found, next=_next(place)))

    @app.get("/v1/hours")
    @query.takes("limit", "before")
    def hours() -> Response:
        limit, before = _place()
        found, place = history.read(lambda file: reads.hours(file, before, limit)) or ((), None)
        return ops.answer(HoursAnswer(market=market, hours=found, next=_next(place)))

    @app.get("/v1/uptime")
    @query.takes("days")
    def uptime() -> Response:
        count = query.whole("days", DEFAULT_DAYS, at_most=MOST_DAYS)
        now = microseconds(SYSTEM_CLOCK.now())
        began, days = history.read(lambda file: (reads.beginning(file), reads.uptime(file, now, count))) or (None, ())
        return ops.answer(UptimeAnswer(market=market, began=began, services=totals(days), days=days))

    @app.get("/badge.svg")
    def verdict_badge() -> Response:
        drawn = badge(monitor.status().judgement.verdict)
        return Response(drawn, content_type="image/svg+xml", headers={"Cache-Control": FRESH})


def _place() -> tuple[int, int]:
    """Returns how many are asked for, and the place that they come before."""
    limit = query.whole("limit", DEFAULT_ON_PAGE, at_most=MOST_ON_PAGE)
    return limit, place_of(request.args.get("before"), "before")


def _next(place: int | None) -> str | None:
    return None if place is None else cursor_of(place)
