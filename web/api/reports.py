"""Reports for people and scripts: the account's value and risk now."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response

from common import ops, wire
from common.answers import CashValue, PositionValue, ValuationSummary
from common.clock import Clock
from web.clients import Executors


class RiskReport(wire.Message, frozen=True, kw_only=True):
    """`GET /api/tools/risk-report`.

    market: the market that the account trades on.
    generated_at: when the report was made, UTC.
    summary: the account in one line.
    positions: one for each symbol that was ever held, by symbol.
    cash: by currency.
    """

    market: wire.Market
    generated_at: datetime
    summary: ValuationSummary
    positions: tuple[PositionValue, ...]
    cash: dict[str, CashValue]


def blueprint(market: wire.Market, executors: Executors, clock: Clock) -> Blueprint:
    """Returns `GET /api/tools/risk-report`, which asks an executor afresh; its 503 names what does not answer."""
    routes = Blueprint("reports", __name__)

    @routes.get("/api/tools/risk-report")
    def risk_report() -> Response:
        valuation = executors.valuation()
        report = RiskReport(
            market=market,
            generated_at=clock.now(),
            summary=valuation.summary,
            positions=valuation.positions,
            cash=valuation.cash,
        )
        return ops.answer(report)

    return routes
