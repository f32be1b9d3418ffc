"""The worker's state of one symbol, and the exchange's rules that its prices are judged by."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from common.bist import rules
from common.wire import Phase
from marketdata.events import Top
from marketdata.state.book import Sides
from marketdata.state.rowbook import Rows
from marketdata.state.symbol import SymbolStatus
from marketdata.state.witness import BookWitness, Verdict
from marketdata.venues.algolab.answers import EquityInfo
from marketdata.venues.algolab.ticks import ArrivalOrder, TradeNames

AUDIT_MARGIN_SECONDS = 1.0
MOST_MISSES = 2
ASK_AGAIN_SECONDS, LONGEST_WAIT_SECONDS = 2.0, 60.0
MOST_BESTS = 256
UNSEEN_TRADES, UNSEEN_SECONDS = 3, 8.0
"""So many trades in so long a time, without any row, contradict a book: every trade takes from a row."""

Best = tuple[Decimal | None, Decimal | None]
AUCTIONS: tuple[Phase, ...] = ("opening_auction", "closing_auction", "halted")


@dataclass(slots=True)
class Share:
    """One symbol.

    pair: the venue's name.
    symbol: the name in the rest of the stack.
    rows: the rows of its book; None where no depth is followed.
    names: names its trades.
    order: finds ticks out of order.
    heard: true when a tick of it came on the present socket.
    previous: that tick's time; None before it.
    row_time: the venue's time of the newest row on the present socket; None before it.
    row_at: when it came, in seconds of the monotonic clock.
    last: the last price; None before it is known.
    reference: the day's reference price; None before it is known.
    equity: the broker's REST answer for this reference price; None before it.
    in_auction: true while the feed sends an equilibrium price.
    halted: true while an auction interrupts continuous trading, which the feed shows by an equilibrium price.
    lost_at: when its rows stopped making sense, or should have come, in seconds of the monotonic clock; None while they
        make sense.
    doubted_at: when a witness contradicted its book, in seconds of the monotonic clock; None while none does.
    asked_at: when its rows were last asked for again, in seconds of the monotonic clock.
    asked_again: how often they were since they last made sense and were not contradicted.
    has_ticks: true for a share; an index has a price and no step of prices.
    began: true once its rows made sense on the present socket.
    misses: answers in a row that named other best prices.
    bests: the best prices published, with the time of each.
    witness: what its ticks say of its book.
    unseen: trades since the newest row, or since trading went on.
    unseen_since: when the first of them came, in seconds of the monotonic clock; None before it.
    unseen_seconds: the seconds from the first of them to the latest.
    """

    pair: str
    symbol: str
    rows: Rows | None
    names: TradeNames = field(default_factory=TradeNames)
    order: ArrivalOrder = field(default_factory=ArrivalOrder)
    heard: bool = False
    previous: datetime | None = None
    row_time: datetime | None = None
    row_at: float = 0.0
    last: Decimal | None = None
    reference: Decimal | None = None
    equity: EquityInfo | None = None
    in_auction: bool = False
    halted: bool = False
    lost_at: float | None = None
    doubted_at: float | None = None
    asked_at: float = float("-inf")
    asked_again: int = 0
    has_ticks: bool = True
    began: bool = False
    misses: int = 0
    bests: deque[tuple[float, Best]] = field(default_factory=lambda: deque(maxlen=MOST_BESTS))
    witness: BookWitness = field(default_factory=BookWitness)
    unseen: int = 0
    unseen_since: float | None = None
    unseen_seconds: float = 0.0

    def closed(self) -> None:
        """Forgets the state of the socket that is gone."""
        self.heard = self.halted = self.began = False
        self.previous = self.row_time = self.lost_at = self.doubted_at = None
        self.asked_at, self.asked_again = float("-inf"), 0
        self.bests.clear()
        self.witness.clear()
        self.misses = 0
        self.see_trades()
        if self.rows is not None:
            self.rows.clear()

    def set_reference(self, reference: Decimal) -> bool:
        """Sets the day's reference price. Returns true when it is new; the limits before it then end, unless none was
        known and they fit."""
        if reference == self.reference:
            return False
        first, limits = self.reference is None, self.told_limits(None)
        self.reference = reference
        if not (first and limits is not None and limits[0] < reference < limits[1]):
            self.equity = None
        return True

    def set_limits(self, info: EquityInfo) -> bool:
        """Sets the broker's limits. Returns false, and ignores them, when they do not fit the reference price."""
        limits = None if info.floor is None or info.ceiling is None else (info.floor, info.ceiling)
        if self.reference is not None and limits is not None and not limits[0] < self.reference < limits[1]:
            return False
        self.equity = info
        return True

    def see_trades(self) -> None:
        """Notes that the trades before now may be in the rows, or need not be."""
        self.unseen, self.unseen_since, self.unseen_seconds = 0, None, 0.0

    def hear_trade(self, price: Decimal, at: float) -> Verdict:
        """Returns the verdict on the price of a trade, and notes that the trade must change a row."""
        self.unseen += 1
        if self.unseen_since is None:
            self.unseen_since = at
        self.unseen_seconds = at - self.unseen_since
        return self.witness.hear_trade(price, at)

    @property
    def rows_are_stuck(self) -> bool:
        """True when one trade after the other came, and no row. Trades of one moment may have come after their rows."""
        return self.unseen >= UNSEEN_TRADES and self.unseen_seconds >= UNSEEN_SECONDS

    def trouble_since(self) -> float | None:
        """Returns since when its rows make no sense, are missing or are contradicted, in monotonic seconds; None while
        none is so."""
        return min((at for at in (self.lost_at, self.doubted_at) if at is not None), default=None)

    def ask_again(self, at: float) -> bool:
        """Returns true, and counts it, when its rows are to be asked for again: ever more rarely."""
        since = self.trouble_since()
        if since is None:
            self.asked_again = 0
            return False
        wait = min(ASK_AGAIN_SECONDS * 2.0**self.asked_again, LONGEST_WAIT_SECONDS)
        if at - max(since, self.asked_at) < wait:
            return False
        self.asked_at, self.asked_again = at, min(self.asked_again + 1, 30)
        return True

    def published(self, sides: Sides, at: float) -> None:
        """Remembers the best prices that were published."""
        bids, asks = sides
        self.witness.show(Top(bids[0].price if bids else None, None, asks[0].price if asks else None, None), at)
        best = (bids[0].price if bids else None, asks[0].price if asks else None)
        if not self.bests or self.bests[-1][1] != best:
            self.bests.append((at, best))

    def hear_answer(self, info: EquityInfo, asked: float) -> Verdict:
        """Returns the verdict on the broker's best prices.

        They contradict when they differ `MOST_MISSES` times in a row. They are compared with all that were published
        from a moment before it was asked until now. Nothing else would show a lost row. The document swaps their names,
        which cannot be seen where one side has no quote.
        """
        until = [*[at for at, _ in self.bests][1:], float("inf")]
        bests = [best for (_, best), end in zip(self.bests, until, strict=True) if end >= asked - AUDIT_MARGIN_SECONDS]
        if not bests or not info.told:
            return "unclear"
        bids, asks = zip(*bests, strict=True)
        swapped = (info.bid is None) != (info.ask is None) and info.ask in bids and info.bid in asks
        if swapped or (info.bid in bids and info.ask in asks):
            self.misses = 0
            return "agrees"
        self.misses += 1
        return "contradicts" if self.misses >= MOST_MISSES else "unclear"

    def limits(self, day: date) -> tuple[Decimal, Decimal] | None:
        """Returns the day's lowest and highest price: the broker's, else by the rules; None without a reference."""
        if self.equity is not None and self.equity.floor is not None and self.equity.ceiling is not None:
            return self.equity.floor, self.equity.ceiling
        return rules.price_limits(self.reference, day) if self.reference else None

    def told_limits(self, reference: Decimal | None) -> tuple[Decimal, Decimal] | None:
        """Returns the limits that the broker told for a reference price; None when it told none, or for another one."""
        info = self.equity
        if info is None or info.floor is None or info.ceiling is None or reference not in (None, self.reference):
            return None
        return info.floor, info.ceiling

    def status(self, phase: Phase, day: date) -> SymbolStatus:
        """Returns the trading status. `phase` is the exchange's; the share's own may be a halt."""
        floor, ceiling = self.limits(day) or (None, None)
        return SymbolStatus(self.phase(phase), self.reference, floor, ceiling)

    def phase(self, phase: Phase) -> Phase:
        """Returns the share's own phase, from the exchange's."""
        return "halted" if self.halted and phase == "continuous" else phase

    def check(self, today: Callable[[], date]) -> Callable[[Decimal], str | None]:
        """Returns the function that finds a price that is impossible today."""

        def fault(price: Decimal) -> str | None:
            limits = self.limits(today())
            if limits is not None and not limits[0] <= price <= limits[1]:
                return "outside_limits"
            return None if rules.on_tick(price, today()) else "off_tick"

        return fault

    def tick_size(self, day: date) -> Decimal | None:
        """Returns the step of prices around the last one; None while no price is known."""
        price = self.last or self.reference or (self.equity.last if self.equity else None)
        return rules.tick_size(price, day) if price else None
