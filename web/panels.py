"""The page's panels: what each shows, drawn by the same template for the first paint and for every change after it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from common import wire
from web import risk, view
from web.board import Look
from web.heartbeat import SILENT_SECONDS, Heartbeat, heartbeat
from web.knowledge import Knowledge
from web.messages import CanaryStatus, Container, State

log = logging.getLogger(__name__)

STALE_SECONDS = {"services": 20, "orders": 15, "portfolio": 15, "controls": 15, "canary": 20, "alerts": 6}
"""How old each panel's last answer may get before it is marked; a few times the interval at which it is asked for."""
REDRAW_SECONDS = 0.8


@dataclass(frozen=True)
class Panel:
    """A drawn panel: `at` is the time of its oldest part (seconds since 1970), None before the first answer."""

    name: str
    html: Markup
    at: float | None


@dataclass(frozen=True)
class Source:
    """What a panel is drawn from: it is drawn again when a look's revision or `key` differs; `values` costs most."""

    looks: list[Look[Any]]
    values: Callable[[], dict[str, Any]]
    key: object = None
    silence_is_news: bool = False

    def moments(self) -> list[float | None]:
        """When each part was last known: for services an attempt without an answer tells as much as one with."""
        return [look.tried if self.silence_is_news else look.at for look in self.looks]


@dataclass(frozen=True)
class Drawn:
    key: tuple[object, ...]
    moment: float
    html: str


class Painter:
    """Draws each panel at most once per change, however many browsers look, and not more often than they can see."""

    def __init__(self, templates: Environment, known: Knowledge) -> None:
        self._templates = templates
        self._known = known
        self._lock = threading.Lock()
        self._drawn: dict[str, Drawn] = {}
        self._sources: Mapping[str, Callable[[], Source]] = {
            "glance": self._glance,
            "services": self._services,
            "orders": self._orders,
            "portfolio": self._portfolio,
            "controls": self._controls,
            "canary": self._canary,
            "alerts": self._alerts,
            "symbols": self._symbols,
        }

    def panels(self) -> list[Panel]:
        """Every panel as of now."""
        with self._lock:
            return [self._panel(name) for name in self._sources]

    def quotes(self) -> list[view.QuoteRow]:
        """Every row of the quote table as of now."""
        instruments = self._instruments()
        now = self._known.clock.now()
        return [
            view.quote_row(quote, instruments.get(quote.symbol), now - timedelta(seconds=quote.age_seconds))
            for quote in self._known.quotes.now()
        ]

    def _seen_at(self, moments: list[float | None]) -> float | None:
        """The time of day of the oldest moment; None when one of them has not come."""
        known = [moment for moment in moments if moment is not None]
        if not known or len(known) < len(moments):
            return None
        return round(self._known.clock.seen_at(min(known)).timestamp(), 1)

    def _panel(self, name: str) -> Panel:
        source = self._sources[name]()
        key = (tuple(look.revision for look in source.looks), source.key)
        now = self._known.clock.monotonic()
        drawn = self._drawn.get(name)
        if drawn is None or (drawn.key != key and now - drawn.moment >= REDRAW_SECONDS):
            drawn = self._drawn[name] = Drawn(key, now, self._html(name, source))
        return Panel(name, Markup(drawn.html), self._seen_at(source.moments()))  # noqa: S704 - a template escaped it

    def _html(self, name: str, source: Source) -> str:
        """The panel's HTML; one that can't be drawn says so and leaves the others alone."""
        try:
            return self._templates.get_template(f"panels/{name}.html").render(source.values()).strip()
        except Exception:
            log.exception("a panel could not be drawn", extra={"panel": name})
            return '<p class="notice bad">This panel could not be drawn; the reason is in the log.</p>'

    def _instruments(self) -> dict[str, wire.Instrument]:
        return {each.symbol: each for each in self._known.instruments.look().value or ()}

    def _services(self) -> Source:
        looks = {name: slot.look() for name, slot in self._known.services.items()}

        def values() -> dict[str, Any]:
            return {"services": [service_row(name, look, self._moment(look)) for name, look in looks.items()]}

        return Source(list(looks.values()), values, silence_is_news=True)

    def _orders(self) -> Source:
        look, instruments = self._known.orders.look(), self._known.instruments.look()
        return Source([look], lambda: {"look": look, "instruments": self._instruments()}, instruments.revision)

    def _portfolio(self) -> Source:
        known = self._known
        account, positions = known.account.look(), known.positions.look()

        def values() -> dict[str, Any]:
            report = None
            if account.value and positions.value is not None:
                held = account.value
                report = risk.report(positions.value, held.cash, held.reserved, held.open_orders, known.quotes.now())
            reasons = sorted({look.reason for look in (account, positions) if look.reason})
            return {"account": account, "report": report, "reasons": reasons}

        return Source([account, positions], values, known.quotes.revision)

    def _controls(self) -> Source:
        look = self._known.controls.look()
        return Source([look], lambda: {"look": look})

    def _canary(self) -> Source:
        status, evidence = self._known.canary.look(), self._known.evidence.look()

        def values() -> dict[str, Any]:
            rows = container_rows(status.value) if status.value else []
            return {"look": status, "rows": rows, "evidence": evidence}

        return Source([status], values, evidence.revision)

    def _alerts(self) -> Source:
        alerts, counts = self._known.alerts.look(), self._known.alert_counts.look()
        beat, last = self._heartbeat(), self._known.heartbeat.look()
        values = {"look": alerts, "counts": counts.value or {}, "beat": beat, "silent_seconds": SILENT_SECONDS}
        return Source([alerts, counts, last], lambda: values, beat and beat.silent)

    def _symbols(self) -> Source:
        look = self._known.instruments.look()
        return Source([look], lambda: {"look": look})

    def _glance(self) -> Source:
        known = self._known
        services = [slot.look() for slot in known.services.values()]
        canary, counts, account = known.canary.look(), known.alert_counts.look(), known.account.look()
        controls, beat = known.controls.look(), self._heartbeat()
        quotes = known.quotes.now()
        fresh = sum(not quote.stale for quote in quotes)
        values = {
            "ready": sum(service_word(look) == "ready" for look in services),
            "services": len(services),
            "canary": canary,
            "counts": counts,
            "beat": beat,
            "account": account,
            "controls": controls,
            "fresh": fresh,
            "quotes": len(quotes),
        }
        return Source(
            [*services, canary, counts, account, controls], lambda: values, (fresh, len(quotes), _path_word(beat))
        )

    def _heartbeat(self) -> Heartbeat | None:
        """The alert path's heartbeat as of now; None while the inbox was not read yet."""
        look = self._known.heartbeat.look()
        return None if look.at is None else heartbeat(look.value, self._known.clock.now())

    def _moment(self, look: Look[Any]) -> datetime | None:
        return None if look.at is None else self._known.clock.seen_at(look.at)


def _path_word(beat: Heartbeat | None) -> str:
    """What the alert path's state is to the page at a glance, which shows no age of it."""
    if beat is None or beat.received_at is None:
        return "not proven"
    return f"silent since {beat.received_at}" if beat.silent else "proven"


@dataclass(frozen=True)
class ServiceRow:
    """One line of the services panel. `answered_at` is when it last answered at all."""

    name: str
    word: str
    reasons: tuple[str, ...]
    answered_at: datetime | None


def service_word(look: Look[State]) -> str:
    """The state in words."""
    if look.reason is not None or look.value is None:
        return "no answer" if look.revision else "not asked yet"
    return "ready" if look.value.ready else "not ready"


def service_row(name: str, look: Look[State], answered_at: datetime | None) -> ServiceRow:
    """What is told of one service."""
    said = look.value.reasons if look.value else ()
    reasons = said if look.reason is None else (look.reason,)
    return ServiceRow(name, service_word(look), reasons, answered_at)


@dataclass(frozen=True)
class ContainerRow:
    """One line of the canary's card: a service, its container's state in a word, restarts, size of its metrics."""

    name: str
    word: str
    state: str
    restarts: int | None
    metrics_bytes: int | None


def container_rows(status: CanaryStatus) -> list[ContainerRow]:
    """The containers that the canary sees, and the services that it only knows by their metrics."""
    rows = [
        ContainerRow(each.service, *_container_word(each), each.restart_count, status.metrics_bytes.get(each.service))
        for each in status.containers or ()
    ]
    named = {row.name for row in rows}
    unseen = [name for name in status.metrics_bytes if name not in named]
    word = "unknown" if status.containers is None else "not seen"
    return rows + [ContainerRow(name, word, "warn", None, status.metrics_bytes[name]) for name in unseen]


def _container_word(container: Container) -> tuple[str, str]:
    if container.state == "exited" and container.exit_code == 0:
        return "done", "good"
    if container.state != "running":
        return container.state or "unknown", "bad"
    if container.health in (None, "", "none", "healthy"):
        return container.health if container.health == "healthy" else "running", "good"
    return container.health or "unknown", "bad" if container.health == "unhealthy" else "warn"
