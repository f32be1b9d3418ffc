"""What is shown of the account. The matcher sets it at each of its passes, so that a scrape asks no database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from prometheus_client import CollectorRegistry, Gauge

from executor.equity import Anchors, Worth
from executor.guardrails.controls import TradingState
from executor.ledger import Condition


class AccountGauges:
    """The gauges of one account on the app's registry, every known child there from the start."""

    def __init__(self, registry: CollectorRegistry, currencies: Iterable[str], equity_currency: str) -> None:
        self.ledger_up = Gauge("executor_ledger_up", "1 when the ledger answered last time", registry=registry)
        self.matcher_holder = Gauge(
            "executor_matcher_holder", "1 when this executor matches resting orders", registry=registry
        )
        self._sequence = Gauge("executor_ledger_sequence", "The ledger's latest event", registry=registry)
        self._open = Gauge("executor_open_orders", "Orders that rest", registry=registry)
        self._kill_switch = Gauge("executor_kill_switch", "1 when trading is stopped", registry=registry)
        self._switches = Gauge(
            "executor_kill_switches", "Kill switches that are engaged, those of symbols too", registry=registry
        )
        self._state = Gauge("executor_trading_state", "1 for the state the account is in", ["state"], registry=registry)
        self._cash = Gauge("executor_account_cash", "Cash of the account", ["currency"], registry=registry)
        self._reserved = Gauge(
            "executor_account_reserved", "Cash that open orders hold back", ["currency"], registry=registry
        )
        self._worth = WorthGauges(registry, equity_currency)
        units = tuple(currencies)
        for gauge in (self._cash, self._reserved, *self._worth.of_positions):
            for currency in units:
                gauge.labels(currency)

    def show(self, found: Condition) -> None:
        """Sets the gauges to the account as it was just read."""
        account = found.account
        self.ledger_up.set(1)
        for state in get_args(TradingState):
            self._state.labels(state).set(found.controls.state == state)
        self._sequence.set(account.sequence)
        self._open.set(account.open_orders)
        self._kill_switch.set(account.kill_switch)
        self._switches.set(len(found.controls.switches))
        for currency, amount in account.cash.items():
            self._cash.labels(currency).set(float(amount))
        for currency, amount in account.reserved.items():
            self._reserved.labels(currency).set(float(amount))

    def show_worth(self, worth: Worth | None, anchors: Anchors | None) -> None:
        """Sets the gauges to what the account is worth; without a price for all of it they stay where they were."""
        self._worth.show(worth, anchors)


class WorthGauges:
    """What the account is worth in one currency, and its positions in theirs."""

    def __init__(self, registry: CollectorRegistry, equity_currency: str) -> None:
        self._currency = equity_currency
        self._known = Gauge("executor_equity_known", "1 when everything held has a price", registry=registry)
        self._equity = Gauge("executor_equity", "What the account is worth", ["currency"], registry=registry)
        self._day_start = Gauge(
            "executor_equity_day_start", "What it was as the day began in Istanbul", ["currency"], registry=registry
        )
        self._peak = Gauge("executor_equity_peak", "The most it was", ["currency"], registry=registry)
        self.of_positions = (
            Gauge("executor_exposure", "What positions are worth", ["currency"], registry=registry),
            Gauge("executor_unrealised_pnl", "That, less what they cost", ["currency"], registry=registry),
            Gauge("executor_realised_pnl", "What sales brought above their cost", ["currency"], registry=registry),
            Gauge("executor_fees_paid", "Fees since the account began", ["currency"], registry=registry),
        )

    def show(self, worth: Worth | None, anchors: Anchors | None) -> None:
        """As `AccountGauges.show_worth`."""
        self._known.set(worth is not None and worth.equity is not None)
        if anchors is not None:
            self._day_start.labels(self._currency).set(float(anchors.day_start))
            self._peak.labels(self._currency).set(float(anchors.peak))
        if worth is None or worth.equity is None:
            return
        self._equity.labels(self._currency).set(float(worth.equity))
        amounts = (worth.exposure, worth.unrealised_pnl, worth.realised_pnl, worth.fees)
        for gauge, by_currency in zip(self.of_positions, amounts, strict=True):
            for currency, amount in by_currency.items():
                gauge.labels(currency).set(float(amount))
