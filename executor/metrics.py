"""What the executor counts and shows. Gauges that need the database are set by the matcher, never by a scrape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from common.ops import BUCKETS
from common.wire import Account, OrderStatus, Side
from executor.guardrails import MEASURES, RULES, Use
from executor.ledger import Change

NEAR_SHARE = Decimal("0.8")


class Metrics:
    """The executor's own metrics on the app's registry, every known child there from the start."""

    def __init__(self, registry: CollectorRegistry, currencies: Iterable[str]) -> None:
        self.orders = Counter("executor_orders", "Orders that entered a status", ["status"], registry=registry)
        self.denials = Counter(
            "executor_denials", "Refusals by guardrail; one order can have several", ["code"], registry=registry
        )
        self.near_limits = Counter(
            "executor_near_limits", "Orders that passed with 80 % of a limit used or more", ["code"], registry=registry
        )
        self._limit_use = Gauge(
            "executor_limit_use_ratio", "The part of a limit that the latest order used", ["code"], registry=registry
        )
        self.fills = Counter("executor_fills", "Paper fills", ["side"], registry=registry)
        self.matcher_failures = Counter("executor_matcher_failures", "Matching passes that failed", registry=registry)
        self.duration = Histogram(
            "executor_order_duration_seconds",
            "From a readable request to the durable answer",
            buckets=BUCKETS,
            registry=registry,
        )
        self.ledger_up = Gauge("executor_ledger_up", "1 when the ledger answered last time", registry=registry)
        self.matcher_holder = Gauge(
            "executor_matcher_holder", "1 when this executor matches resting orders", registry=registry
        )
        self._sequence = Gauge("executor_ledger_sequence", "The ledger's latest event", registry=registry)
        self._open = Gauge("executor_open_orders", "Orders that rest", registry=registry)
        self._kill_switch = Gauge("executor_kill_switch", "1 when trading is stopped", registry=registry)
        self._cash = Gauge("executor_account_cash", "Cash of the account", ["currency"], registry=registry)
        self._reserved = Gauge(
            "executor_account_reserved", "Cash that open orders hold back", ["currency"], registry=registry
        )
        for counter, labels in self._known(currencies).items():
            for label in labels:
                counter.labels(label)

    def _known(self, currencies: Iterable[str]) -> Mapping[Counter | Gauge, Sequence[str]]:
        units = tuple(currencies)
        return {
            self.orders: get_args(OrderStatus),
            self.denials: tuple(RULES),
            self.near_limits: tuple(MEASURES),
            self._limit_use: tuple(MEASURES),
            self.fills: get_args(Side),
            self._cash: units,
            self._reserved: units,
        }

    def count(self, changes: Iterable[Change]) -> None:
        """Counts what a committed transaction did."""
        for before, after, _ in changes:
            if before is None or before.status != after.status:
                self.orders.labels(after.status).inc()
            if after.status == "denied":
                for denial in after.denials:
                    self.denials.labels(denial.code).inc()
            if before is not None and len(after.fills) > len(before.fills):
                self.fills.labels(after.side).inc()

    def note_uses(self, uses: Mapping[str, Use]) -> list[str]:
        """Shows how much of each limit an accepted order uses; the codes of those that are nearly used up."""
        for code, use in uses.items():
            self._limit_use.labels(code).set(float(use.share))
        near = [code for code, use in uses.items() if use.share >= NEAR_SHARE]
        for code in near:
            self.near_limits.labels(code).inc()
        return near

    def show(self, account: Account) -> None:
        """Sets the gauges to the account as it was just read."""
        self.ledger_up.set(1)
        self._sequence.set(account.sequence)
        self._open.set(account.open_orders)
        self._kill_switch.set(account.kill_switch)
        for currency, amount in account.cash.items():
            self._cash.labels(currency).set(float(amount))
        for currency, amount in account.reserved.items():
            self._reserved.labels(currency).set(float(amount))
