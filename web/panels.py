"""The page's panels. One template draws each, for the first paint and for every change after it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from common import wire
from common.clock import TimesOfDay
from web import view
from web.alerts.desk import unheard
from web.alerts.heartbeat import SILENT_SECONDS, AlertHeartbeat, alert_heartbeat
from web.cells import Reading
from web.quotes import ProvedQuote
from web.rows import container_rows, service_row, service_word
from web.state import ConsoleState
from web.undrawn import Undrawn

STALE_SECONDS = {"services": 20, "orders": 15, "portfolio": 15, "controls": 15, "canary": 20, "alerts": 6}
"""The age at which each panel is marked as stale: a few times the interval at which its parts are read."""
REDRAW_SECONDS = 0.8


@dataclass(frozen=True)
class Panel:
    """A panel, drawn.

    name: the panel's name.
    html: its HTML.
    at: the time of its oldest part, in seconds since 1970; None before all parts have answered.
    """

    name: str
    html: Markup
    at: float | None


@dataclass(frozen=True)
class PanelSource:
    """The parts that a panel is drawn from. It is drawn again when a revision or `key` differs.

    readings: its parts.
    values: returns the variables of its template; this costs most, so it is called only when the panel is drawn.
    key: anything else that the panel depends on.
    silence_is_news: true when an attempt without an answer tells as much as one with an answer.
    """

    readings: list[Reading[Any]]
    values: Callable[[], dict[str, Any]]
    key: object = None
    silence_is_news: bool = False

    def moments(self) -> list[float | None]:
        """Returns when each part was last known, on the monotonic clock; None for one that never was."""
        return [reading.tried_at if self.silence_is_news else reading.at for reading in self.readings]


@dataclass(frozen=True)
class Drawing:
    """A panel's HTML and what it was drawn from.

    key: the revisions of its parts, and its source's key.
    drawn_at: when it was drawn, on the monotonic clock.
    html: the HTML.
    """

    key: tuple[object, ...]
    drawn_at: float
    html: str


class Painter:
    """Draws each panel at most once for each change, however many browsers look, and not faster than people can see."""

    def __init__(self, templates: Environment, state: ConsoleState, undrawn: Undrawn) -> None:
        self._undrawn = undrawn
        self._templates = templates
        self._state = state
        self._times = TimesOfDay(state.clock)
        self._lock = threading.Lock()
        self._drawings: dict[str, Drawing] = {}
        self._sources: Mapping[str, Callable[[], PanelSource]] = {
            "glance": self._glance,
            "services": self._services,
            "orders": self._orders,
            "portfolio": self._portfolio,
            "currency": lambda: self._single(state.valuation.reading),
            "controls": lambda: self._single(state.controls.reading),
            "canary": self._canary,
            "alerts": self._alerts,
            "symbols": lambda: self._single(state.instruments.reading),
        }

    def panels(self) -> list[Panel]:
        """Returns every panel as of now."""
        with self._lock:
            return [self._panel(name) for name in self._sources]

    def quotes(self) -> list[view.QuoteRow]:
        """Returns every row of the quote table as of now."""
        instruments = self._instruments()
        return [self._quote_row(each, instruments.get(each.quote.symbol)) for each in self._state.quotes.proved()]

    def _quote_row(self, proved: ProvedQuote, instrument: wire.Instrument | None) -> view.QuoteRow:
        """Returns the row of a quote. One that can't be drawn says so, and the others are drawn all the same."""
        try:
            return view.quote_row(proved.quote, instrument, self._times.of(proved.proved_at))
        except (ArithmeticError, ValueError, TypeError):
            self._undrawn.tell("quote row", proved.quote.symbol)
            return view.unreadable_row(proved.quote.symbol)

    def _oldest(self, moments: list[float | None]) -> float | None:
        """Returns the oldest moment in seconds since 1970; None when a part has not answered yet."""
        known = [moment for moment in moments if moment is not None]
        if not known or len(known) < len(moments):
            return None
        return round(self._times.of(min(known)).timestamp(), 1)

    def _panel(self, name: str) -> Panel:
        source = self._sources[name]()
        key = (tuple(reading.revision for reading in source.readings), source.key)
        now = self._state.clock.monotonic()
        drawing = self._drawings.get(name)
        if drawing is None or (drawing.key != key and now - drawing.drawn_at >= REDRAW_SECONDS):
            drawing = self._drawings[name] = Drawing(key, now, self._html(name, source))
        return Panel(name, Markup(drawing.html), self._oldest(source.moments()))  # noqa: S704 - a template escaped it

    def _html(self, name: str, source: PanelSource) -> str:
        """Returns the panel's HTML. One that can't be drawn says so, and the others are drawn all the same."""
        try:
            return self._templates.get_template(f"panels/{name}.html").render(source.values()).strip()
        except Exception:
            self._undrawn.tell("panel", name)
            return '<p class="notice bad">This panel could not be drawn; the reason is in the log.</p>'

    def _instruments(self) -> dict[str, wire.Instrument]:
        return {each.symbol: each for each in self._state.instruments.reading.value or ()}

    def _services(self) -> PanelSource:
        readings = {name: cell.reading for name, cell in self._state.services.items()}

        def values() -> dict[str, Any]:
            return {"services": [service_row(name, each, self._time_of(each)) for name, each in readings.items()]}

        return PanelSource(list(readings.values()), values, silence_is_news=True)

    def _orders(self) -> PanelSource:
        reading, instruments = self._state.orders.reading, self._state.instruments.reading
        return PanelSource(
            [reading], lambda: {"reading": reading, "instruments": self._instruments()}, instruments.revision
        )

    def _portfolio(self) -> PanelSource:
        account, valuation = self._state.account.reading, self._state.valuation.reading
        reasons = sorted({reading.reason for reading in (account, valuation) if reading.reason})
        values = {"account": account.value, "valuation": valuation.value, "reasons": reasons}
        return PanelSource([account, valuation], lambda: values)

    def _single(self, reading: Reading[Any]) -> PanelSource:
        return PanelSource([reading], lambda: {"reading": reading})

    def _canary(self) -> PanelSource:
        status, evidence = self._state.canary.reading, self._state.evidence.reading

        def values() -> dict[str, Any]:
            rows = container_rows(status.value) if status.value else []
            return {"reading": status, "rows": rows, "evidence": evidence}

        return PanelSource([status], values, evidence.revision)

    def _alerts(self) -> PanelSource:
        reading, heartbeat = self._state.inbox.reading, self._heartbeat()
        comparison = self._state.comparison.reading
        outside = self._state.outside.reading if self._state.outside else None
        values = {
            "reading": reading,
            "heartbeat": heartbeat,
            "comparison": comparison,
            "unheard": unheard(comparison),
            "silent_seconds": SILENT_SECONDS,
            "outside": outside,
        }
        key = (heartbeat and heartbeat.silent, comparison.revision, outside and outside.revision)
        return PanelSource([reading], lambda: values, key)

    def _glance(self) -> PanelSource:
        state = self._state
        services = [cell.reading for cell in state.services.values()]
        canary, inbox, account = state.canary.reading, state.inbox.reading, state.account.reading
        controls, heartbeat = state.controls.reading, self._heartbeat()
        silent = unheard(state.comparison.reading)
        quotes = state.quotes.now()
        fresh = sum(not quote.stale for quote in quotes)
        values = {
            "ready": sum(service_word(reading) == "ready" for reading in services),
            "services": len(services),
            "canary": canary,
            "inbox": inbox.value,
            "heartbeat": heartbeat,
            "unheard": silent,
            "account": account,
            "controls": controls.value,
            "fresh": fresh,
            "quotes": len(quotes),
        }
        key = (fresh, len(quotes), heartbeat and heartbeat.silent, silent)
        return PanelSource([*services, canary, inbox, account, controls], lambda: values, key)

    def _heartbeat(self) -> AlertHeartbeat | None:
        """Returns the state of the alert path as of now; None before the inbox was read."""
        contents = self._state.inbox.reading.value
        if contents is None:
            return None
        return alert_heartbeat(contents.heartbeat_at, contents.awaited_since, self._state.clock.now())

    def _time_of(self, reading: Reading[Any]) -> datetime | None:
        return None if reading.at is None else self._times.of(reading.at)
