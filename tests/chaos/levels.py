"""No level may be over-filled: told from the fills and from every book that was ever shown, and from nothing else.

A level is one price of one side from the state in which its quantity appeared to the state in which it changed or went.
A fill says when it was recorded and at which price, not which book it was taken from. What is certain: the book was
current at some moment of the last `lag` seconds before the fill (an older one is refused), a taker's fill is from the
level at its price, a maker's from one at its limit price or better. So each fill has a set of levels that it may be
from, and the claim is: there is a way to give all fills to such levels without giving any level more than it showed.
If the executors kept to the levels, what they did is such a way, hence this never raises a false alarm.

What it can't see: a level that is over-filled while another one that the fill may be from, as that of the same price
less than `lag` seconds before, or a worse one for a maker, still has as much to give.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from common.wire import Side
from tests.chaos.market import State

CLOCK_SECONDS = 0.25
"""By so much may the wall clock be corrected while a fill is made."""


@dataclass
class Level:
    """One price between two refreshes; times in seconds since 1970."""

    price: Decimal
    quantity: Decimal
    since: float
    until: float


class Taken(NamedTuple):
    """One fill of one symbol; `at` in seconds since 1970."""

    trade_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    at: float
    maker: bool


def overfilled(states: Sequence[State], fills: Sequence[Taken], lag: float) -> list[str]:
    """The fills of a symbol for which the levels that it showed do not suffice, with how much is too much."""
    found = []
    sides: tuple[Side, ...] = ("buy", "sell")
    for side in sides:
        levels = shown(states, side)
        placement = Placement([level.quantity for level in levels])
        for fill in sorted((fill for fill in fills if fill.side == side), key=lambda fill: fill.at):
            may = [number for number, level in enumerate(levels) if may_be_from(fill, level, lag)]
            excess = placement.place(fill.quantity, may)
            if excess:
                from_levels = [(str(levels[number].price), str(levels[number].quantity)) for number in may]
                found.append(
                    f"{fill.trade_id}: {side} {fill.quantity} at {fill.price} ({'maker' if fill.maker else 'taker'}) "
                    f"is {excess} more than was left of what was shown by then: {from_levels}"
                )
    return found


def shown(states: Sequence[State], side: Side) -> list[Level]:
    """The levels that orders of `side` trade against, oldest first; neighbouring states that agree are one level."""
    levels: list[Level] = []
    current: dict[Decimal, Level] = {}
    for state in states:
        before, current = current, {}
        for price, quantity in (state.asks if side == "buy" else state.bids).items():
            same = before.get(price)
            if same is None or same.quantity != quantity:
                same = Level(price, quantity, state.since, state.until)
                levels.append(same)
            same.until = state.until
            current[price] = same
    return levels


def may_be_from(fill: Taken, level: Level, lag: float) -> bool:
    """Whether a fill can have been taken from a level."""
    better = level.price <= fill.price if fill.side == "buy" else level.price >= fill.price
    priced = better if fill.maker else level.price == fill.price
    return priced and level.since <= fill.at + CLOCK_SECONDS and level.until >= fill.at - lag - CLOCK_SECONDS


class Placement:
    """Gives quantities to levels of limited room, and moves what it gave before when that makes room: as much is
    placed as any way to place it could (augmenting paths, after Edmonds and Karp)."""

    def __init__(self, room: Sequence[Decimal]) -> None:
        self._room = list(room)
        self._given: list[dict[int, Decimal]] = [{} for _ in room]
        self._may: list[Sequence[int]] = []

    def place(self, quantity: Decimal, may: Sequence[int]) -> Decimal:
        """Gives it to the levels with these numbers; what does not fit is returned."""
        self._may.append(may)
        while quantity and (path := self._path(len(self._may) - 1)):
            quantity -= self._push(path, quantity)
        return quantity

    def _path(self, fill: int) -> list[tuple[int, int]]:
        """Steps (fill, the level it goes to) to a level with room: each fill makes way for the one before it by leaving
        that one's level. Empty when there are none."""
        came: dict[int, tuple[int, int | None]] = {}
        queue: deque[tuple[int, int | None]] = deque([(fill, None)])
        while queue:
            holder, left = queue.popleft()
            for level in self._may[holder]:
                if level in came:
                    continue
                came[level] = (holder, left)
                if self._room[level]:
                    return self._back(level, came)
                queue.extend((other, level) for other in self._given[level])
        return []

    @staticmethod
    def _back(level: int, came: dict[int, tuple[int, int | None]]) -> list[tuple[int, int]]:
        path: list[tuple[int, int]] = []
        here: int | None = level
        while here is not None:
            holder, left = came[here]
            path.insert(0, (holder, here))
            here = left
        return path

    def _push(self, path: list[tuple[int, int]], most: Decimal) -> Decimal:
        """Moves as much as every step of the path bears; how much that was."""
        moves = [(level, fill) for (_, level), (fill, _) in pairwise(path)]
        last = path[-1][1]
        amount = min(most, self._room[last], *(self._given[level][fill] for level, fill in moves))
        for fill, level in path:
            self._given[level][fill] = self._given[level].get(fill, Decimal(0)) + amount
        for level, fill in moves:
            self._given[level][fill] -= amount
            if not self._given[level][fill]:
                del self._given[level][fill]
        self._room[last] -= amount
        return amount
