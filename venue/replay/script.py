"""The tape that is played: its sockets, one opening after the other, its calls, and its time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from common.tape import Taped, TapeFile


class TapeTime:
    """The time on the tape, in unix seconds. It stands still until the first client comes."""

    def __init__(self, begins: float, speed: float, monotonic: Callable[[], float]) -> None:
        """`speed` is how many times as fast as the real time it runs."""
        self.speed = speed
        self._begins, self._monotonic = begins, monotonic
        self._started: float | None = None

    def start(self) -> None:
        """Lets the time run; does nothing once it does."""
        self._started = self._monotonic() if self._started is None else self._started

    def now(self) -> float:
        """Returns the time on the tape."""
        return self._begins + (0.0 if self._started is None else (self._monotonic() - self._started) * self.speed)


class ReplayScript:
    """One tape, read again for every socket, so that its size does not matter.

    lead_until: the unix time up to which it only leads in, and is played without a pause; 0 for no lead.
    begins: the unix time that it begins at.
    """

    def __init__(self, path: Path) -> None:
        """Raises `TapeError` for a file that is no tape, and `OSError`."""
        self._path = path
        head = TapeFile(path).head
        self.lead_until = head.lead_until or 0.0
        self.begins = head.lead_until or head.began
        self._played: dict[str, int] = {}
        self._lock = threading.Lock()

    def calls(self) -> Iterator[Taped]:
        """Yields every REST call."""
        return (taped for taped in TapeFile(self._path).records() if taped.record.kind == "call")

    def opening(self, link: str) -> int:
        """Returns the number of the opening that a new socket of the link is to be played."""
        return self._played.get(link, 0)

    def played(self, link: str, number: int) -> None:
        """Notes that an opening was played to its end. One that was not is played again."""
        with self._lock:
            self._played[link] = max(self._played.get(link, 0), number + 1)

    def of_opening(self, link: str, number: int) -> Iterator[Taped]:
        """Yields the records of one opening of a link's socket, up to its end; none when the tape has no such opening.

        A tape that begins in the middle of an opening begins with that one.
        """
        present, is_open = -1, False
        for taped in TapeFile(self._path).records():
            record = taped.record
            if record.link != link or record.kind in ("call", "hole"):
                continue
            if record.kind == "opened" or (record.kind == "in" and not is_open):
                present, is_open = present + 1, True
            if present > number:
                return
            if is_open and present == number:
                yield taped
            is_open = is_open and record.kind != "closed"
