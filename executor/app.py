"""Joins the executor's parts."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from flask import Blueprint, Flask

from common import ops
from common.client import JsonClient
from executor.api import account, controls, corrections, orders
from executor.inflow import Gate
from executor.ledger import Ledger
from executor.matching import Matcher, Watch
from executor.metrics import Metrics
from executor.quotes import TIMEOUT_SECONDS, Quotes
from executor.settings import Settings
from executor.submit import Desk

METRICS = "executor.metrics"
"""Where the app keeps its metrics for the matcher, in `app.extensions`."""

STOP = "executor.stop"
"""Where the served app keeps the event that ends the matcher's thread."""


def create_app(settings: Settings, *, desk: Desk, watch: Watch) -> Flask:
    """The app around its parts; starts nothing."""
    app = Flask(__name__)
    identity = ops.Identity(settings.service, settings.replica, settings.market)
    registry = ops.install(app, identity, {"ledger": watch.reason, "quotes": desk.quotes.reason})
    metrics = Metrics(registry, settings.ledger.starting_cash, settings.equity_currency)
    app.extensions[METRICS] = metrics
    desk.ledger.observer = desk.quotes.observer = metrics
    gate = Gate(settings.operator_token, settings.most_writes_per_second, time.monotonic)
    routes = Blueprint("executor", __name__, url_prefix="/v1")
    orders.add(routes, desk, metrics, gate, settings.market)
    account.add(routes, desk, settings.market)
    controls.add(routes, desk, metrics, gate, settings.market)
    corrections.add(routes, desk, gate, settings.market)
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
    """Reads the settings, makes the parts, starts the matcher's thread, returns the app."""
    settings = Settings.from_environment()
    desk, watch = make_desk(settings), Watch(time.monotonic)
    app = create_app(settings, desk=desk, watch=watch)
    matcher = Matcher(desk, app.extensions[METRICS], watch)
    stop = app.extensions[STOP] = threading.Event()
    threading.Thread(target=matcher.run, args=(stop,), name="matcher", daemon=True).start()
    return app
