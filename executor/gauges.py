"""The gauges of the account, which only the executor that writes it shows.

The matcher sets them at each of its passes, so that a scrape asks no database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import get_args

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from common.answers import TradingState, ValuationSummary
from executor import account
from executor.losses import Anchors
from executor.writer.view import View


class AccountGauges(Collector):
    """The gauges of one account; every known label is there from the start.

    ledger_up: 1 when the ledger answered lately.
    writes: 1 when this executor writes the account.
    of_writer: the registry of what is shown by the executor that writes.
    """

    def __init__(self, registry: CollectorRegistry, currencies: Iterable[str], equity_currency: str) -> None:
        self.ledger_up = Gauge("executor_ledger_up", "1 when the ledger answered lately, else 0", registry=registry)
        self.writes = Gauge("executor_writer", "1 when this executor writes the account, else 0", registry=registry)
        self.of_writer = CollectorRegistry()
        self._shown = False
        registry.register(self)
        gauge = partial(Gauge, registry=self.of_writer)
        self._sequence = gauge("executor_ledger_sequence", "Sequence of the ledger's latest event of the account")
        self._open = gauge("executor_open_orders", "Open orders of the account")
        self._held = gauge("executor_position_quantity", "Quantity held of the symbol, in its base asset", ["symbol"])
        self._resting = gauge(
            "executor_symbol_open_orders", "Open orders of the symbol, as the matcher sees", ["symbol"]
        )
        self._kill_switch = gauge("executor_kill_switch", "1 when all trading of the account is stopped, else 0")
        self._switches = gauge("executor_kill_switches", "Kill switches that are engaged, those of symbols too")
        self._state = gauge("executor_trading_state", "1 for the trading state of the account, else 0", ["state"])
        self._cash = gauge("executor_account_cash", "Cash of the account", ["currency"])
        self._reserved = gauge("executor_account_reserved", "Cash that open orders hold back", ["currency"])
        self._currency = equity_currency
        self._known = gauge("executor_equity_known", "1 when all that the account holds has a price to rely on, else 0")
        self._of_summary = {
            "equity": gauge("executor_equity", "Cash and positions at their marks", ["currency"]),
            "net_exposure": gauge("executor_exposure", "Value of the positions at their marks", ["currency"]),
            "unrealised_pnl": gauge("executor_unrealised_pnl", "Value of the positions less their cost", ["currency"]),
            "realised_pnl": gauge("executor_realised_pnl", "Proceeds of sales less the cost of the sold", ["currency"]),
            "fees": gauge("executor_fees_paid", "Fees paid since the account was opened", ["currency"]),
        }
        self._of_anchors = {
            "day_start": gauge("executor_equity_day_start", "Equity as the day began in Istanbul", ["currency"]),
            "peak": gauge("executor_equity_peak", "Highest equity so far", ["currency"]),
        }
        for currency in currencies:
            self._cash.labels(currency)
            self._reserved.labels(currency)

    def collect(self) -> Iterator[Metric]:
        """Yields what the executor that writes shows; nothing from any other."""
        if self._shown:
            yield from self.of_writer.collect()

    def ledger_answered(self, *, writes: bool) -> None:
        """Notes that the ledger answered, and whether this executor writes the account."""
        self.ledger_up.set(1)
        self.writes.set(writes)
        self._shown = writes

    def ledger_failed(self) -> None:
        """Notes that the ledger did not answer. The account stays shown as it was: nobody else may know it now."""
        self.ledger_up.set(0)
        self.writes.set(0)

    def show(self, view: View) -> None:
        """Sets the gauges to the account as it was just read."""
        told = view.account
        for trading_state in get_args(TradingState):
            self._state.labels(trading_state).set(view.controls.state == trading_state)
        self._sequence.set(told.sequence)
        self._open.set(told.open_orders)
        self._kill_switch.set(told.kill_switch)
        self._switches.set(len(view.controls.switches))
        for gauge, amounts in ((self._cash, told.cash), (self._reserved, told.reserved)):
            for currency, amount in amounts.items():
                gauge.labels(currency).set(float(amount))
        for position in account.positions(view.balances):
            self._held.labels(position.symbol).set(float(position.quantity))
        resting = Counter[str]()
        for (symbol, _), count in view.counts.items():
            resting[symbol] += count
        for symbol, count in resting.items():
            self._resting.labels(symbol).set(count)

    def show_valuation(self, summary: ValuationSummary, anchors: Anchors | None, *, known: bool) -> None:
        """Sets the gauges to the account's valuation; an amount that is not known leaves its gauge as it was.

        `known` is true when the equity can be relied on.
        """
        self._known.set(known)
        amounts = [(gauge, getattr(summary, name)) for name, gauge in self._of_summary.items()]
        amounts += [(gauge, getattr(anchors, name)) for name, gauge in self._of_anchors.items() if anchors]
        for gauge, amount in amounts:
            if amount is not None:
                gauge.labels(self._currency).set(float(amount))
