"""The console's state: a cell for every part that it asks."""

from __future__ import annotations

from collections.abc import Iterable

from common import wire
from common.answers import AccountStatus, Valuation
from common.clock import Clock
from web.alerts.desk import Comparison
from web.alerts.inbox import InboxContents
from web.alerts.outside import Accepted
from web.canary_answers import CanaryStatus, Package
from web.cells import Cell, Changes
from web.clients import TradingControls
from web.orders import OrderTable
from web.quotes import QuoteTable
from web.readiness import ServiceState

ORDERS_SHOWN = 25


class ConsoleState:
    """Everything that the page shows. The readers fill it, the pages read it.

    clock: the clocks that ages are measured with.
    changes: wakes the threads that wait for a change of any cell.
    quotes: the newest quote of every symbol.
    instruments: everything that can be traded.
    orders: the newest orders.
    account: the account, its cash and its trading state.
    valuation: the account at the newest marks.
    controls: the holds on the account and the kill switches that are engaged.
    canary: the canary's verdict.
    evidence: the evidence packages, newest first.
    inbox: the alerts and the last heartbeat of the alert path.
    comparison: the last comparison of the inbox with Alertmanager's list.
    outside: the last ping of the outside heartbeat that was accepted; None while it is off.
    services: the readiness of each service, by its name.
    """

    def __init__(self, clock: Clock, services: Iterable[str], quote_stale_seconds: float, *, outside: bool) -> None:
        changes = Changes(None)
        self.clock = clock
        self.changes = changes
        self.quotes = QuoteTable(clock, changes, quote_stale_seconds)
        self.instruments: Cell[tuple[wire.Instrument, ...]] = Cell(clock, changes)
        self.orders = OrderTable(clock, changes, ORDERS_SHOWN)
        self.account: Cell[AccountStatus] = Cell(clock, changes)
        self.valuation: Cell[Valuation] = Cell(clock, changes)
        self.controls: Cell[TradingControls] = Cell(clock, changes)
        self.canary: Cell[CanaryStatus] = Cell(clock, changes)
        self.evidence: Cell[tuple[Package, ...]] = Cell(clock, changes)
        self.inbox: Cell[InboxContents] = Cell(clock, changes)
        self.comparison: Cell[Comparison] = Cell(clock, changes)
        self.outside: Cell[Accepted] | None = Cell(clock, changes) if outside else None
        self.services: dict[str, Cell[ServiceState]] = {name: Cell(clock, changes) for name in services}
