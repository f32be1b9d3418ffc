"""The gauges of the account. The matcher sets them at each of its passes, so that a scrape asks no database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from prometheus_client import CollectorRegistry, Gauge

from common.answers import TradingState, ValuationSummary
from executor.ledger import AccountState
from executor.losses import Anchors


class AccountGauges:
    """The gauges of one account; every known label is there from the start."""

    def __init__(self, registry: CollectorRegistry, currencies: Iterable[str], equity_currency: str) -> None:
        self.ledger_up = Gauge(
            "executor_ledger_up", "1 when the ledger answered the latest pass, else 0", registry=registry
        )
        self.matcher_holder = Gauge(
            "executor_matcher_holder", "1 when this executor matches resting orders, else 0", registry=registry
        )
        self._sequence = Gauge(
            "executor_ledger_sequence", "Sequence of the ledger's latest event of the account", registry=registry
        )
        self._open = Gauge("executor_open_orders", "Open orders of the account", registry=registry)
        self._kill_switch = Gauge(
            "executor_kill_switch", "1 when all trading of the account is stopped, else 0", registry=registry
        )
        self._switches = Gauge(
            "executor_kill_switches", "Kill switches that are engaged, those of symbols too", registry=registry
        )
        self._state = Gauge(
            "executor_trading_state", "1 for the trading state of the account, else 0", ["state"], registry=registry
        )
        self._cash = Gauge("executor_account_cash", "Cash of the account", ["currency"], registry=registry)
        self._reserved = Gauge(
            "executor_account_reserved", "Cash that open orders hold back", ["currency"], registry=registry
        )
        self._valuation = ValuationGauges(registry, equity_currency)
        for gauge in (self._cash, self._reserved):
            for currency in currencies:
                gauge.labels(currency)

    def show(self, state: AccountState) -> None:
        """Sets the gauges to the account as it was just read."""
        account = state.account
        self.ledger_up.set(1)
        for trading_state in get_args(TradingState):
            self._state.labels(trading_state).set(state.controls.state == trading_state)
        self._sequence.set(account.sequence)
        self._open.set(account.open_orders)
        self._kill_switch.set(account.kill_switch)
        self._switches.set(len(state.controls.switches))
        for currency, amount in account.cash.items():
            self._cash.labels(currency).set(float(amount))
        for currency, amount in account.reserved.items():
            self._reserved.labels(currency).set(float(amount))

    def show_valuation(self, summary: ValuationSummary, anchors: Anchors | None) -> None:
        """Sets the gauges to the account's valuation; an amount that is not known leaves its gauge as it was."""
        self._valuation.show(summary, anchors)


class ValuationGauges:
    """The amounts of the account's valuation, in one currency."""

    def __init__(self, registry: CollectorRegistry, currency: str) -> None:
        self._currency = currency
        self._known = Gauge(
            "executor_equity_known", "1 when everything that the account holds has a price, else 0", registry=registry
        )
        self._equity = Gauge("executor_equity", "Cash and positions at their marks", ["currency"], registry=registry)
        self._day_start = Gauge(
            "executor_equity_day_start", "Equity as the day began in Istanbul", ["currency"], registry=registry
        )
        self._peak = Gauge("executor_equity_peak", "Highest equity so far", ["currency"], registry=registry)
        self._exposure = Gauge(
            "executor_exposure", "Value of the positions at their marks", ["currency"], registry=registry
        )
        self._unrealised = Gauge(
            "executor_unrealised_pnl", "Value of the positions less their cost", ["currency"], registry=registry
        )
        self._realised = Gauge(
            "executor_realised_pnl", "Proceeds of sales less the cost of the sold", ["currency"], registry=registry
        )
        self._fees = Gauge(
            "executor_fees_paid", "Fees paid since the account was opened", ["currency"], registry=registry
        )

    def show(self, summary: ValuationSummary, anchors: Anchors | None) -> None:
        """Sets the gauges, as `AccountGauges.show_valuation`."""
        self._known.set(summary.equity is not None)
        amounts = {
            self._equity: summary.equity,
            self._exposure: summary.net_exposure,
            self._unrealised: summary.unrealised_pnl,
            self._realised: summary.realised_pnl,
            self._fees: summary.fees,
            self._day_start: None if anchors is None else anchors.day_start,
            self._peak: None if anchors is None else anchors.peak,
        }
        for gauge, amount in amounts.items():
            if amount is not None:
                gauge.labels(self._currency).set(float(amount))
