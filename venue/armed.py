"""The faults of one venue that are armed, and how often each was done. What a fault is, each venue says itself."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from common.errors import InvalidRequest

MOST_ARMED = 100


class Order(Protocol):
    """What every order has: a name, and how often it is to be done; 0 is until all are cleared."""

    @property
    def fault(self) -> str: ...

    @property
    def count(self) -> int: ...


F = TypeVar("F", bound=Order)


class Armed(Generic[F]):
    """Armed faults, oldest first, safe between threads. `checked` fills an order's defaults in, or raises
    `InvalidRequest` naming the field that is wrong. `generation` rises when all are cleared."""

    def __init__(self, names: Sequence[str], checked: Callable[[F], F]) -> None:
        self._lock = threading.Lock()
        self._checked = checked
        self._armed: list[F] = []
        self._done: Counter[str] = Counter(dict.fromkeys(names, 0))
        self.generation = 0

    def __len__(self) -> int:
        return len(self._armed)

    def order(self, fault: F) -> F:
        """Arms a fault; gives it back with its defaults filled in."""
        complete = self._checked(fault)
        with self._lock:
            if len(self._armed) >= MOST_ARMED:
                raise InvalidRequest("fault", f"{MOST_ARMED} faults are armed already")
            self._armed.append(complete)
        return complete

    def armed(self) -> list[F]:
        """What is armed, each with the count that is left."""
        with self._lock:
            return list(self._armed)

    def done(self) -> dict[str, int]:
        """How often each fault was done since the start."""
        with self._lock:
            return dict(self._done)

    def clear(self) -> None:
        """Disarms everything and ends what lasts (`silence`); what was done stays counted."""
        with self._lock:
            self._armed.clear()
            self.generation += 1

    def take_first(self, fits: Callable[[F], bool]) -> F | None:
        """The oldest armed fault that fits, counted as done once; None when there is none."""
        if not self._armed:
            return None
        with self._lock:
            for index, fault in enumerate(self._armed):
                if fits(fault):
                    self._spend(index, fault)
                    return fault
        return None

    def _spend(self, index: int, fault: F) -> None:
        self._done[fault.fault] += 1
        if fault.count == 1:
            del self._armed[index]
        elif fault.count > 1:
            self._armed[index] = msgspec.structs.replace(fault, count=fault.count - 1)  # type: ignore[type-var]
