"""Joins the executor's parts."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from flask import Blueprint, Flask

from common import ops
from common.client import JsonClient
from executor import stopping
from executor.api import account, controls, corrections, orders, stream
from executor.inflow import Gate
from executor.ledger import Ledger
from executor.matching import Matcher, Watch
from executor.metrics import Metrics
from executor.quotes import TIMEOUT_SECONDS, Quotes
from executor.settings import Settings
from executor.stream.streams import PACE, Pace, Streams
from executor.submit import Desk

METRICS = "executor.metrics"
"""Where the app keeps its metrics for the matcher, in `app.extensions`."""

STOP = "executor.stop"
"""Where the app keeps the event that ends its streams and the threads of the served app."""

TAIL = "executor.tail"
"""Where the app keeps what follows the ledger for the streams."""


def create_app(settings: Settings, *, desk: Desk, watch: Watch, pace: Pace = PACE) -> Flask:
    """The app around its parts; starts nothing."""
    app = Flask(__name__)
    identity = ops.Identity(settings.service, settings.replica, settings.market)
    registry = ops.install(app, identity, {"ledger": watch.reason, "quotes": desk.quotes.reason})
    metrics = Metrics(registry, settings.ledger.starting_cash, settings.equity_currency)
    app.extensions[METRICS] = metrics
    desk.ledger.observer = desk.quotes.observer = metrics
    stop = app.extensions[STOP] = threading.Event()
    streams = Streams(
        desk.ledger,
        settings.market,
        metrics.streams,
        most=settings.most_order_streams,
        pace=pace,
        clock=time.monotonic,
        stop=stop,
    )
    app.extensions[TAIL] = streams.tail
    desk.ledger.committed = streams.tail.wake
    gate = Gate(settings.operator_token, settings.most_writes_per_second, time.monotonic)
    routes = Blueprint("executor", __name__, url_prefix="/v1")
    orders.add(routes, desk, metrics, gate, settings.market)
    account.add(routes, desk, settings.market)
    controls.add(routes, desk, metrics, gate, settings.market)
    corrections.add(routes, desk, gate, settings.market)
    stream.add(routes, streams)
    app.register_blueprint(routes)
    return app


def make_desk(settings: Settings) -> Desk:
    """The real parts; nothing is connected yet."""
    ledger = settings.ledger
    return Desk(
        ledger=Ledger(ledger.url, ledger.password, ledger.account, ledger.starting_cash, lambda: datetime.now(UTC)),
        quotes=Quotes(JsonClient(settings.marketdata_url, TIMEOUT_SECONDS), settings.market, time.monotonic),
        limits=settings.limits,
        fees=settings.fees,
        equity_currency=settings.equity_currency,
    )


def serve() -> Flask:
    """Reads the settings, makes the parts, starts their threads, which end when the server is told to stop."""
    settings = Settings.from_environment()
    desk, watch = make_desk(settings), Watch(time.monotonic)
    app = create_app(settings, desk=desk, watch=watch)
    matcher = Matcher(desk, app.extensions[METRICS], watch)
    for name, run in (("matcher", matcher.run), ("tail", app.extensions[TAIL].run)):
        threading.Thread(target=run, args=(app.extensions[STOP],), name=name, daemon=True).start()
    stopping.set_when_told(app.extensions[STOP])
    return app
