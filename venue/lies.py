"""Faults that change one symbol's frames for some time, on one socket."""

from __future__ import annotations

import asyncio
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from venue.armed_faults import ArmedFaults, FaultRequest


def multiple(price: Decimal, tick: Decimal, *, up: bool = False) -> Decimal:
    """Returns the nearest multiple of a tick that is not above a price, or with `up` not below it."""
    return (price / tick).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR) * tick


class Lies:
    """The faults that change one symbol's frames for some time. They end by themselves, or when the faults are cleared.

    Times are seconds of the running event loop.
    """

    def __init__(self, faults: ArmedFaults[Any]) -> None:
        self._faults, self._generation = faults, faults.generation
        self._until: dict[tuple[str, str], tuple[float, FaultRequest]] = {}
        self._withheld: dict[object, tuple[str, str, Any]] = {}

    def __len__(self) -> int:
        if self._generation != self._faults.generation:
            self._generation = self._faults.generation
            self._until.clear()
        return len(self._until)

    def begin(self, fault: FaultRequest, symbol: str) -> None:
        """Begins one, for the fault's seconds."""
        until = asyncio.get_running_loop().time() + (fault.seconds or 0.0)
        self._until[fault.fault, symbol] = until, fault

    def withhold(self, name: str, symbol: str, part: object, frame: Any) -> None:
        """Keeps a frame back until the fault ends; a newer one of the same `part`, by any fault, takes its place."""
        self._withheld[part] = name, symbol, frame

    def released(self) -> list[Any]:
        """Returns the frames that were kept back by faults that have ended, once."""
        over = [part for part, (name, symbol, _) in self._withheld.items() if self.now(name, symbol) is None]
        return [self._withheld.pop(part)[2] for part in over]

    def now(self, name: str, symbol: str) -> FaultRequest | None:
        """Returns the fault of this name that changes the symbol's frames now, or None."""
        if not len(self):
            return None
        until, fault = self._until.get((name, symbol), (0.0, None))
        if fault is not None and asyncio.get_running_loop().time() >= until:
            del self._until[name, symbol]
            return None
        return fault
