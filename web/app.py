"""Joins the console's parts: `create_app` only builds, `serve` reads the settings and starts the readers."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime
from types import FrameType

from flask import Flask

from common import ops
from web import alerts, heartbeat, live, pages, panels, tools, trading, watch
from web.board import Clock
from web.clients import Canary, Executors, MarketData, Markets
from web.inbox import Inbox
from web.knowledge import Knowledge
from web.messages import Status
from web.metrics import Metrics
from web.orderstream import OrderStream
from web.readiness import Probe
from web.settings import Settings


def create_app(settings: Settings, *, parts: watch.Parts, known: Knowledge) -> Flask:
    """The console, its readers beside it in `app.extensions["readers"]`; nothing is asked and no thread runs yet."""
    app = Flask(__name__)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(pages.FILTERS)
    readiness = {"inbox": parts.inbox.ready, "readers": lambda: app.extensions["readers"].ready()}
    registry = ops.install(app, ops.Identity("web", settings.replica, settings.market), readiness)
    metrics = Metrics(registry, known.services)
    metrics.watch(lambda: _oldest(known), lambda status: _kept(known, status), lambda: _heartbeat_age(known))
    app.extensions["readers"] = watch.Watch(watch.jobs(parts, known, metrics), known, metrics)

    painter = panels.Painter(app.jinja_env, known)
    market = settings.market
    app.register_blueprint(pages.blueprint(market, painter, known, parts.canary, settings.quote_stale_seconds))
    app.register_blueprint(live.blueprint(market, painter, known, metrics))
    app.register_blueprint(trading.blueprint(parts.executors))
    app.register_blueprint(tools.blueprint(market, parts.executors, known))
    app.register_blueprint(alerts.blueprint(market, settings.alert_token, parts.inbox, known.clock.now, metrics))
    return app


def serve() -> Flask:
    """Reads the settings, makes the parts, starts the readers; raises `SettingsError` for wrong settings."""
    settings = Settings.from_environment()
    known = remember(settings)
    app = create_app(settings, parts=connect(settings), known=known)
    end_streams_at_shutdown(known)
    app.extensions["readers"].start()
    return app


def end_streams_at_shutdown(known: Knowledge) -> None:
    """Open streams end first when the worker is told to stop; it would wait its whole grace period for them."""
    before = signal.getsignal(signal.SIGTERM)

    def leave(number: int, frame: FrameType | None) -> None:
        known.changes.end()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, leave)


def connect(settings: Settings) -> watch.Parts:
    """The clients of the other services, and the inbox on disk."""
    markets = Markets(settings.market)
    return watch.Parts(
        marketdata=MarketData(settings.marketdata_url, markets),
        executors=Executors(settings.executor_urls, markets),
        order_stream=OrderStream(settings.executor_urls, markets),
        canary=Canary(settings.canary_url, markets),
        inbox=Inbox(settings.data_dir / "alerts.sqlite"),
        probes={name: Probe(address, settings.market) for name, address in settings.targets().items()},
    )


def remember(settings: Settings) -> Knowledge:
    """An empty memory with the real clocks."""
    clock = Clock(time.monotonic, lambda: datetime.now(UTC))
    return Knowledge(clock, settings.targets(), settings.quote_stale_seconds)


def _oldest(known: Knowledge) -> float:
    return max((quote.age_seconds for quote in known.quotes.now()), default=float("nan"))


def _kept(known: Knowledge, status: Status) -> float:
    counts = known.alert_counts.look().value
    return float(counts[status]) if counts else float("nan")


def _heartbeat_age(known: Knowledge) -> float | None:
    return heartbeat.heartbeat(known.heartbeat.look().value, known.clock.now()).age_seconds
