"""All that the console knows, in one object: a slot for every part that is asked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from common import wire
from web.board import Changes, Clock, Slot
from web.messages import AccountAnswer, Alert, CanaryStatus, Controls, Package, State, Status
from web.orders import Orders
from web.quotes import Quotes

ORDERS_SHOWN = 25


class Knowledge:
    """The slots, filled by `watch` and read by the pages; `changes` tells when any of them was touched."""

    def __init__(self, clock: Clock, services: Iterable[str], stale_seconds: float) -> None:
        self.clock = clock
        self.changes = Changes()
        self.quotes = Quotes(clock, self.changes, stale_seconds)
        self.instruments: Slot[tuple[wire.Instrument, ...]] = Slot(clock, self.changes)
        self.orders = Orders(clock, self.changes, ORDERS_SHOWN)
        self.positions: Slot[tuple[wire.Position, ...]] = Slot(clock, self.changes)
        self.account: Slot[AccountAnswer] = Slot(clock, self.changes)
        self.controls: Slot[Controls] = Slot(clock, self.changes)
        self.canary: Slot[CanaryStatus] = Slot(clock, self.changes)
        self.evidence: Slot[tuple[Package, ...]] = Slot(clock, self.changes)
        self.alerts: Slot[tuple[Alert, ...]] = Slot(clock, self.changes)
        self.alert_counts: Slot[dict[Status, int]] = Slot(clock, self.changes)
        self.heartbeat: Slot[datetime | None] = Slot(clock, self.changes)
        self.services: dict[str, Slot[State]] = {name: Slot(clock, self.changes) for name in services}
