"""The faults of one venue that are armed, and how often each was done. The venue says which faults there are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec

from common.errors import InvalidRequest
from venue.counters import zeros

MOST_ARMED = 100


class FaultRequest(Protocol):
    """The fields that every request for a fault has."""

    @property
    def fault(self) -> str:
        """The fault's name."""

    @property
    def count(self) -> int:
        """How often the fault is still to be done; 0 repeats it until all faults are cleared."""


F = TypeVar("F", bound=FaultRequest)


class ArmedFaults(Generic[F]):
    """Holds armed faults, oldest first. Any thread may arm, use and clear them.

    generation: rises by 1 when all faults are cleared.
    """

    def __init__(self, names: Sequence[str], completed: Callable[[F], F]) -> None:
        """`completed` returns a request with its defaults, or raises `InvalidRequest` naming the wrong field."""
        self.generation = 0
        self._lock = threading.Lock()
        self._completed = completed
        self._armed: list[F] = []
        self._done = zeros(names)

    def __len__(self) -> int:
        return len(self._armed)

    def add(self, request: F) -> F:
        """Arms a fault; returns it with its defaults. Raises `InvalidRequest` naming the wrong field."""
        complete = self._completed(request)
        with self._lock:
            if len(self._armed) >= MOST_ARMED:
                raise InvalidRequest("fault", f"{MOST_ARMED} faults are armed already")
            self._armed.append(complete)
        return complete

    def armed(self) -> list[F]:
        """Returns the armed faults, each with the count that is left."""
        with self._lock:
            return list(self._armed)

    def done(self) -> dict[str, int]:
        """Returns how often each fault was done since the start."""
        with self._lock:
            return dict(self._done)

    def clear(self) -> None:
        """Disarms all faults and ends the ones that last, such as `silence`. The counts stay."""
        with self._lock:
            self._armed.clear()
            self.generation += 1

    def next_where(self, fits: Callable[[F], bool]) -> F | None:
        """Returns the oldest armed fault that fits, and counts it as done once; None when none fits."""
        if not self._armed:
            return None
        with self._lock:
            for index, fault in enumerate(self._armed):
                if fits(fault):
                    self._use(index, fault)
                    return fault
        return None

    def _use(self, index: int, fault: F) -> None:
        self._done[fault.fault] += 1
        if fault.count == 1:
            del self._armed[index]
        elif fault.count > 1:
            self._armed[index] = msgspec.structs.replace(fault, count=fault.count - 1)  # type: ignore[type-var]
