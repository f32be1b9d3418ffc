"""Holds what other streams say of a symbol's best prices against its book. Pure; times are monotonic seconds.

Frames of different streams cross, and each stream tells its own moments. So a claim is compared with everything that
the book showed in the last `WINDOW_SECONDS`. Two kinds of contradiction count, once they last:

- far: a price beyond everything shown, by more than `FAR` of the price, for `FAR_SECONDS`. It counts for a book that
  moves, too.
- steady: another price or quantity than the one that a side has shown, unchanged, for `STEADY_SECONDS`.

A claim that agrees with something shown ends a dispute. Trades are far or not; the tail of a large order trades far
from the best price for a moment, and the next trade does not. Where an empty side is `told`, no price is a claim like
any other; elsewhere it may as well not be told, so it can agree and can't contradict.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Literal, NamedTuple

from marketdata.events import Top
from marketdata.numbers import same_quantity

FAR = Decimal("0.001")
WINDOW_SECONDS = 2.0
FAR_SECONDS = 3.0
STEADY_SECONDS = 5.0
MOST_SHOWN = 256

Verdict = Literal["agrees", "unclear", "contradicts"]
Best = tuple[Decimal | None, Decimal | None]
"""A side's best price and the quantity there. The price is None where the side is empty, the quantity where it is not
told."""


class Shown(NamedTuple):
    """A best price that a side showed.

    at: when it began to.
    best: price and quantity.
    """

    at: float
    best: Best


class _Side:
    """One side of one book."""

    def __init__(self, told: bool) -> None:
        self._told = told
        self._shown: deque[Shown] = deque(maxlen=MOST_SHOWN)
        self._far_since: float | None = None
        self._far_claim: Decimal | None = None
        self._steady_since: float | None = None

    def show(self, best: Best, at: float) -> None:
        """Notes the best price shown from now on. One that follows a far claim ends that dispute."""
        shown = self._shown
        if shown and shown[-1].best == best:
            return
        shown.append(Shown(at, best))
        while len(shown) > 1 and shown[1].at < at - WINDOW_SECONDS:
            shown.popleft()
        self._steady_since = None
        if self._far_since is not None and not _is_far(self._far_claim, [best[0]]):
            self._far_since = None

    def settle(self) -> None:
        """Ends the dispute."""
        self._far_since = self._steady_since = None

    def judge(self, claimed: Best, at: float) -> Verdict:
        """Returns the verdict on a claim about this side."""
        recent = self.recent(at)
        if any(_same(best, claimed) for best in recent):
            self.settle()
            return "agrees"
        if claimed[0] is None and not self._told:
            return "unclear"
        self._steady_since = at if self._steady_since is None else self._steady_since
        self._far_claim = claimed[0]
        self._far_since = (self._far_since or at) if _is_far(claimed[0], [price for price, _ in recent]) else None
        far = self._far_since is not None and at - self._far_since >= FAR_SECONDS
        return "contradicts" if far or at - self._steady_since >= STEADY_SECONDS else "unclear"

    def newest(self) -> Decimal | None:
        """Returns the best price shown now; None where the side is empty."""
        return self._shown[-1].best[0] if self._shown else None

    def recent(self, at: float) -> list[Best]:
        """Returns everything shown in the window that ends at `at`."""
        shown = self._shown
        while len(shown) > 1 and shown[1].at < at - WINDOW_SECONDS:
            shown.popleft()
        return [best for _, best in shown]


class BookWitness:
    """Remembers the best prices that one symbol's book showed, and judges what other streams say of them."""

    def __init__(self, *, told: bool = True) -> None:
        """With `told`, a claim without a price says that the side is empty."""
        self._told = told
        self.clear()

    def clear(self) -> None:
        """Forgets everything: the book was lost, or is not judged for a while."""
        self._bids, self._asks = _Side(self._told), _Side(self._told)
        self._trades_since: float | None = None
        self._far_trade = Decimal(0)
        self._top: Top | None = None

    def settle(self) -> None:
        """Ends every dispute: for now nothing is compared."""
        self._bids.settle()
        self._asks.settle()
        self._trades_since = None

    def show(self, top: Top, at: float) -> None:
        """Notes the best prices that the book shows from now on."""
        if top is self._top:  # most frames leave the best prices alone, and what was noted then holds
            return
        self._top = top
        self._bids.show((top.bid, top.bid_quantity), at)
        self._asks.show((top.ask, top.ask_quantity), at)
        if self._trades_since is not None and not _is_outside(self._far_trade, [top.bid], [top.ask]):
            self._trades_since = None

    def hear_top(self, top: Top, at: float, *, outdated: bool = False) -> Verdict:
        """Returns the verdict on best prices that another stream tells. A quantity of None is not told.

        Both sides must agree; one that contradicts is enough. An `outdated` claim is older than what trades say, so it
        can't agree.
        """
        if self._top is None:
            return "unclear"
        verdicts = (
            self._bids.judge((top.bid, top.bid_quantity), at),
            self._asks.judge((top.ask, top.ask_quantity), at),
        )
        if "contradicts" in verdicts:
            return "contradicts"
        if verdicts == ("agrees", "agrees") and not outdated:
            self._trades_since = None
            return "agrees"
        return "unclear"

    def hear_trade(self, price: Decimal, at: float) -> Verdict:
        """Returns the verdict on the price of a new trade: it contradicts a book that it lies far outside of."""
        newest = _is_outside(price, *self._newest())  # nearly all trades are inside, and need no look at the rest
        if self._top is None or not newest or not self.is_outside(price, at):
            self._trades_since = None
            return "unclear"
        self._trades_since = at if self._trades_since is None else self._trades_since
        self._far_trade = price
        return "contradicts" if at - self._trades_since >= FAR_SECONDS else "unclear"

    def _newest(self) -> tuple[list[Decimal | None], list[Decimal | None]]:
        return [self._bids.newest()], [self._asks.newest()]

    def is_outside(self, price: Decimal, at: float) -> bool:
        """Returns true when a price is far outside of all best prices that were shown."""
        bids, asks = ([best for best, _ in side.recent(at)] for side in (self._bids, self._asks))
        return _is_outside(price, bids, asks)


def _is_outside(price: Decimal, bids: list[Decimal | None], asks: list[Decimal | None]) -> bool:
    """Returns true when a price is far below all bids, or far above all asks."""
    lowest = min((bid for bid in bids if bid is not None), default=None)
    highest = max((ask for ask in asks if ask is not None), default=None)
    below = lowest is not None and price < lowest * (1 - FAR)
    return below or (highest is not None and price > highest * (1 + FAR))


def _same(shown: Best, claimed: Best) -> bool:
    if shown[0] != claimed[0]:
        return False
    here, there = shown[1], claimed[1]
    return here == there or here is None or there is None or same_quantity(here, there)


def _is_far(price: Decimal | None, shown: list[Decimal | None]) -> bool:
    """Returns true when a price is beyond all that was shown. An empty side is far from any price, and any from it."""
    prices = [each for each in shown if each is not None]
    if price is None or not prices:
        return price is not None or None not in shown
    return not min(prices) * (1 - FAR) <= price <= max(prices) * (1 + FAR)
