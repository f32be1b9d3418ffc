"""The gauges of the account. The matcher sets them at each of its passes, so that a scrape asks no database."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import get_args

from prometheus_client import CollectorRegistry, Gauge

from common.answers import TradingState, ValuationSummary
from executor.ledger import AccountState
from executor.losses import Anchors


class AccountGauges:
    """The gauges of one account; every known label is there from the start."""

    def __init__(self, registry: CollectorRegistry, currencies: Iterable[str], equity_currency: str) -> None:
        gauge = partial(Gauge, registry=registry)
        self.ledger_up = gauge("executor_ledger_up", "1 when the ledger answered the latest pass, else 0")
        self.matcher_holder = gauge("executor_matcher_holder", "1 when this executor matches resting orders, else 0")
        self._sequence = gauge("executor_ledger_sequence", "Sequence of the ledger's latest event of the account")
        self._open = gauge("executor_open_orders", "Open orders of the account")
        self._kill_switch = gauge("executor_kill_switch", "1 when all trading of the account is stopped, else 0")
        self._switches = gauge("executor_kill_switches", "Kill switches that are engaged, those of symbols too")
        self._state = gauge("executor_trading_state", "1 for the trading state of the account, else 0", ["state"])
        self._cash = gauge("executor_account_cash", "Cash of the account", ["currency"])
        self._reserved = gauge("executor_account_reserved", "Cash that open orders hold back", ["currency"])
        self._valuation = ValuationGauges(registry, equity_currency)
        for currency in currencies:
            self._cash.labels(currency)
            self._reserved.labels(currency)

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
        gauge = partial(Gauge, registry=registry)
        self._known = gauge("executor_equity_known", "1 when everything that the account holds has a price, else 0")
        self._equity = gauge("executor_equity", "Cash and positions at their marks", ["currency"])
        self._day_start = gauge("executor_equity_day_start", "Equity as the day began in Istanbul", ["currency"])
        self._peak = gauge("executor_equity_peak", "Highest equity so far", ["currency"])
        self._exposure = gauge("executor_exposure", "Value of the positions at their marks", ["currency"])
        self._unrealised = gauge("executor_unrealised_pnl", "Value of the positions less their cost", ["currency"])
        self._realised = gauge("executor_realised_pnl", "Proceeds of sales less the cost of the sold", ["currency"])
        self._fees = gauge("executor_fees_paid", "Fees paid since the account was opened", ["currency"])

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
