"""Reports for people and scripts: what the account is worth and what it risks, now."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response

from common import ops, wire
from web import risk
from web.clients import Executors
from web.knowledge import Knowledge


class RiskReport(risk.Report, frozen=True, kw_only=True):
    """`GET /api/tools/risk-report`."""

    market: wire.Market
    generated_at: datetime


def blueprint(market: wire.Market, executors: Executors, known: Knowledge) -> Blueprint:
    """`GET /api/tools/risk-report`: the ledger's state is asked for afresh; 503 names what does not answer."""
    pages = Blueprint("tools", __name__)

    @pages.get("/api/tools/risk-report")
    def risk_report() -> Response:
        account, positions = executors.account(), executors.positions()
        report = risk.report(positions, account.cash, account.reserved, account.open_orders, known.quotes.now())
        return ops.answer(
            RiskReport(
                market=market,
                generated_at=known.clock.now(),
                summary=report.summary,
                positions=report.positions,
                cash=report.cash,
            )
        )

    return pages
