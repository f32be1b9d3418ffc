"""All that the worker keeps of one symbol, and the rules of the exchange that its prices are judged by."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from common.bist import rules
from common.wire import Phase
from marketdata.venues.algolab.ticks import Order, TradeNames
from marketdata.state.book import Sides
from marketdata.state.rowbook import Rows
from marketdata.state.symbol import Standing
from marketdata.venues.algolab.answers import EquityInfo

AUDIT_MARGIN_SECONDS = 1.0
MOST_MISSES = 2
MOST_BESTS = 256

Best = tuple[Decimal | None, Decimal | None]
AUCTIONS: tuple[Phase, ...] = ("opening_auction", "closing_auction", "halted")


@dataclass(slots=True)
class Share:
    """`pair` is the venue's name, `symbol` ours. `rows` is None where no depth is followed. `heard` is whether a tick
    of it came on the present socket, and `previous` that tick's time. `halted` is whether an auction interrupts
    continuous trading, which the feed shows by an equilibrium price. `bests` are the best prices published, with the
    time of each."""

    pair: str
    symbol: str
    rows: Rows | None
    names: TradeNames = field(default_factory=TradeNames)
    order: Order = field(default_factory=Order)
    heard: bool = False
    previous: datetime | None = None
    row_time: datetime | None = None
    last: Decimal | None = None
    reference: Decimal | None = None
    told: EquityInfo | None = None
    balanced: bool = False
    halted: bool = False
    lost_at: float | None = None
    misses: int = 0
    bests: deque[tuple[float, Best]] = field(default_factory=lambda: deque(maxlen=MOST_BESTS))

    def closed(self) -> None:
        """The socket is gone."""
        self.heard = self.halted = False
        self.previous = self.row_time = self.lost_at = None
        self.bests.clear()
        self.misses = 0
        if self.rows is not None:
            self.rows.clear()

    def refer_to(self, reference: Decimal) -> bool:
        """The day's reference price; whether that is news, which ends limits that were told before."""
        if reference == self.reference:
            return False
        self.reference, self.told = reference, None
        return True

    def take_limits(self, info: EquityInfo) -> bool:
        """Limits that the venue told; whether they fit the reference price, and are believed."""
        if self.reference is not None and not info.floor < self.reference < info.ceiling:
            return False
        self.told = info
        return True

    def show(self, sides: Sides, at: float) -> None:
        """Remembers the best prices that were published."""
        bids, asks = sides
        best = (bids[0].price if bids else None, asks[0].price if asks else None)
        if not self.bests or self.bests[-1][1] != best:
            self.bests.append((at, best))

    def contradicted(self, info: EquityInfo, asked: float) -> bool:
        """Whether the venue named other best prices, `MOST_MISSES` times in a row, than were published at any time
        from a moment before it was asked until now. A lost row, which nothing else would show, is found this way."""
        until = [*[at for at, _ in self.bests][1:], float("inf")]
        bests = [best for (_, best), end in zip(self.bests, until, strict=True) if end >= asked - AUDIT_MARGIN_SECONDS]
        if not bests:
            return False
        bids, asks = zip(*bests, strict=True)
        self.misses = 0 if info.bid in bids and info.ask in asks else self.misses + 1
        return self.misses >= MOST_MISSES

    def limits(self, day: date) -> tuple[Decimal, Decimal] | None:
        """The day's lowest and highest price: as told, else by the rules."""
        if self.told is not None:
            return self.told.floor, self.told.ceiling
        return rules.price_limits(self.reference, day) if self.reference else None

    def standing(self, phase: Phase, day: date) -> Standing:
        """`phase` is the exchange's; the share's own may be a halt."""
        floor, ceiling = self.limits(day) or (None, None)
        return Standing(self.phase(phase), self.reference, floor, ceiling)

    def phase(self, phase: Phase) -> Phase:
        """The share's own phase."""
        return "halted" if self.halted and phase == "continuous" else phase

    def check(self, today: Callable[[], date]) -> Callable[[Decimal], str | None]:
        """What finds a price that can't be one of the day."""

        def fault(price: Decimal) -> str | None:
            limits = self.limits(today())
            if limits is not None and not limits[0] <= price <= limits[1]:
                return "outside_limits"
            return None if rules.on_tick(price, today()) else "off_tick"

        return fault

    def tick_size(self, day: date) -> Decimal | None:
        """The step of prices about the last one; None while no price is known."""
        price = self.last or self.reference or (self.told.last if self.told else None)
        return rules.tick_size(price, day) if price else None
