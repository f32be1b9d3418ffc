"""One fault with its expectation, which stands before the run, and the ways to put it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.faults.ground import Ground

Put = Callable[[Ground], AbstractContextManager[None]]
FACTOR = 8.0
"""The durations of rules are divided by this number, where nothing else is said."""
FULL = 1.0
"""For rows whose alerts compare an age or count events: limits are not divided, so only at full length do an alert and
its echoes come in the product's order; and for rows that show that what heals in time is not told."""
MOST_MESSAGES = 2


@dataclass(frozen=True)
class Fault:
    """A fault and what is expected of it.

    name: short, for the command line.
    title: the fault in words.
    put: begins the fault when entered, and ends it when left; where it heals by itself nothing is left to end.
    alert: the alert that must fire and be told; None means that no receiver may get anything.
    within: seconds from the fault to the alert's message at every receiver; without an alert, for how long is watched.
    itself: the stack heals without a hand while the fault's cause is over; else the fault is ended first.
    heals: the most seconds from the end of the fault, or from its begin where it heals by itself, to a healthy stack.
    paged: false where the way to the receivers is what is broken: the alert fires and no message can come.
    says: a word that the console must have said meanwhile; empty for any.
    verdict: a verdict that the canary must have given meanwhile; empty for any.
    without: receivers that can't get the message.
    factor: what the durations of rules are divided by.
    more: what is merged into the generated compose file.
    small: volumes that are small disks of their own, with the options of their mount.
    messages: the most firing messages at one receiver; by default two, and none where no alert is expected. A fault
        that heals at about the time at which it would be told may bring some.
    quick: `test_faults.py` runs it too, on a stack that it shares with others.
    """

    name: str
    title: str
    put: Put
    alert: str | None
    within: float
    itself: bool = False
    heals: float = 120.0
    paged: bool = True
    says: str = ""
    verdict: str = ""
    without: tuple[str, ...] = ()
    factor: float = FACTOR
    more: Mapping[str, Any] = field(default_factory=dict)
    small: Mapping[str, str] = field(default_factory=dict)
    messages: int | None = None
    quick: bool = False

    @property
    def most_messages(self) -> int:
        """The most firing messages that one receiver may get."""
        return self.messages if self.messages is not None else MOST_MESSAGES if self.alert else 0

    @property
    def wants_message(self) -> bool:
        """A message must arrive."""
        return self.alert is not None and self.paged


def once(act: Callable[[Ground], object]) -> Put:
    """A fault that is over as soon as it is done: what follows, the stack heals."""

    @contextmanager
    def put(ground: Ground) -> Iterator[None]:
        act(ground)
        yield

    return put


def between(begin: Callable[[Ground], object], end: Callable[[Ground], object]) -> Put:
    """A fault that lasts until it is ended."""

    @contextmanager
    def put(ground: Ground) -> Iterator[None]:
        begin(ground)
        try:
            yield
        finally:
            end(ground)

    return put
