"""Builds the console's Flask side, and starts the console."""

from __future__ import annotations

from flask import Flask

from common import ops, service
from common.room import RoomCollector
from web.alerts.answers import Linking
from web.api import acts, alerts, live, pages, reports, runbook, trading
from web.metrics import Metrics
from web.panels import Painter
from web.parts import Parts
from web.related import read_inhibitions, relations
from web.runbook import read_runbook
from web.settings import Settings
from web.undrawn import Undrawn


def create_app(settings: Settings, parts: Parts) -> Flask:
    """Returns the console's app. Nothing is asked and no thread is started."""
    app = Flask(__name__)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    undrawn = Undrawn(parts.counters.unreadable)
    app.jinja_env.filters.update(undrawn.guarded(pages.FILTERS))
    chapters = read_runbook()
    related = relations({name: chapter.severity for name, chapter in chapters.items()}, read_inhibitions())
    app.jinja_env.globals["has_runbook"] = chapters.__contains__
    registry = ops.install(app, settings.service, {"inbox": parts.upstreams.desk.inbox.trouble}, parts.loops)
    registry.register(Metrics(parts.state, parts.counters, parts.streams))
    registry.register(RoomCollector(settings.data_dir))

    market, state, upstreams = settings.service.market, parts.state, parts.upstreams
    painter = Painter(app.jinja_env, state, undrawn)
    app.register_blueprint(pages.blueprint(market, painter, state, upstreams.canary, settings.quote_stale_seconds))
    app.register_blueprint(live.blueprint(market, painter, state, parts.streams, parts.loops.stop_signal))
    app.register_blueprint(trading.blueprint(upstreams.executors))
    app.register_blueprint(reports.blueprint(market, upstreams.executors, state.clock))
    counters, desk = parts.counters, upstreams.desk
    linking = Linking(settings.public_url, chapters)
    sources = runbook.RunbookSources(chapters, desk.inbox, parts.charts, related)
    app.register_blueprint(runbook.blueprint(market, sources, state.clock))
    app.register_blueprint(alerts.blueprint(market, settings.alert_verifier, desk, state.clock, counters, linking))
    app.register_blueprint(acts.blueprint(market, settings.operator_verifier, desk, linking))
    return app


def serve() -> Flask:
    """Starts the console; the HTTP server calls this."""
    return service.serve(Settings.from_environment, Parts.build, create_app)
