"""The bounded queue between the thread that reads a socket and the venue's worker."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from marketdata.counters import Counters
from marketdata.events import FrameClass

log = logging.getLogger(__name__)

Kind = Literal["opened", "frame", "heartbeat", "closed", "lost"]
Name = tuple[FrameClass, str]  # class and key
Classify = Callable[[bytes], Name]
HARD_LIMIT_FACTOR = 4
POPPED_TOGETHER = 256


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened on a socket.

    kind: `opened` and `closed` for the socket itself, `frame` for data, `heartbeat` for a ping or pong. `lost` stands
        where frames were dropped that the worker can't do without.
    at: when it came, in seconds of the monotonic clock.
    received: the same in unix seconds.
    payload: the frame; the key of the dropped frames for `lost`; else empty.
    """

    kind: Kind
    at: float
    received: float
    payload: bytes = b""


class Inbox:
    """A queue that does not look into frames while it has room. Beyond `limit`, `classify` gives each frame a class and
    a key:

    - `keep` is queued up to four times the limit. Then it is dropped, and one `lost` of its key marks the hole.
    - `coalesce`: only the newest frame of a key stays, in the place of the oldest. So its stamp may be newer than those
      behind it. A key that has no place yet gets one, up to four times the limit.
    - `sequence`: the frame is dropped with all frames of its key that are queued. One `lost` of the key replaces them.
    - `plain` frames, and heartbeats, are dropped.

    Drops are counted by class. A socket's beginning and end are never dropped. The venue's keys must be few.
    """

    def __init__(self, limit: int, counters: Counters, classify: Classify) -> None:
        self._limit, self._hard_limit, self._calm = limit, limit * HARD_LIMIT_FACTOR, limit // 2
        self._counters, self._classify = counters, classify
        self._queue = _Slots()
        self._crowded = False
        self._queued: dict[Name, deque[int]] = {}
        self._lost: dict[Name, int] = {}
        self._lock = threading.Lock()
        self._ready = threading.Condition(self._lock)
        self._idle = False

    def put(self, arrivals: Sequence[Arrival]) -> None:
        """Adds arrivals. Never waits for the worker: the caller must go on reading, or the venue misses its pongs."""
        with self._lock:
            if not self._crowded and self._queue.depth() + len(arrivals) <= self._limit:
                self._queue.extend(arrivals)
            else:
                for arrival in arrivals:
                    self._put_one(arrival)
            if self._idle:
                self._idle = False
                self._ready.notify()

    def pop(self, timeout: float, most: int = POPPED_TOGETHER) -> list[Arrival]:
        """Removes and returns the oldest arrivals, at most `most`; none after `timeout` seconds without any.

        Only one thread may call this.
        """
        with self._lock:
            if not self._queue.depth():
                self._idle = True
                self._ready.wait(timeout)
                self._idle = False
            return self._queue.pop(most)

    def _put_one(self, arrival: Arrival) -> None:
        if self._crowded or self._queue.depth() >= self._limit:
            self._squeeze_in(arrival)
        else:
            self._queue.append(arrival)

    def depth(self) -> int:
        """Returns how many arrivals wait."""
        return self._queue.depth()

    def _squeeze_in(self, arrival: Arrival) -> None:
        if not self._crowded:
            self._crowded = True
            log.warning("the queue is over its limit", extra={"limit": self._limit})
            self._index_queue()
        elif self._queue.depth() <= self._calm:
            self._crowded = False
        if not self._crowded or arrival.kind not in ("frame", "heartbeat"):
            self._forget()
            self._queue.append(arrival)
        elif arrival.kind == "heartbeat":
            self._append_or_drop(arrival, "heartbeat", self._limit)
        else:
            self._fit(arrival, self._class_and_key(arrival))

    def _fit(self, arrival: Arrival, name: Name) -> None:
        class_ = name[0]
        if class_ == "coalesce":
            places = self._still_queued(name)
            if places:
                self._queue.put(places[0], arrival)
                self._dropped(class_)
            elif self._append_or_drop(arrival, class_, self._hard_limit):
                self._queued[name] = deque([self._queue.last])
        elif class_ == "sequence":
            if self._has_marker(name):
                self._dropped(class_)
            elif self._append_or_drop(arrival, class_, self._limit):
                self._still_queued(name).append(self._queue.last)
            else:
                self._lose(arrival, name, self._still_queued(name))
        elif class_ == "keep":
            if self._append_or_drop(arrival, class_, self._hard_limit):
                self._lost.pop(name, None)  # a hole behind this one is another hole
            elif not self._has_marker(name):
                self._lose(arrival, name, deque())
        else:
            self._append_or_drop(arrival, class_, self._limit)

    def _lose(self, arrival: Arrival, name: Name, places: deque[int]) -> None:
        """Puts one `lost` in the place of everything that is queued at `places`; at the end when nothing is."""
        marker = Arrival("lost", arrival.at, arrival.received, name[1].encode())
        if places:
            self._dropped(name[0], len(places))
            self._lost[name] = places.popleft()
            self._queue.put(self._lost[name], marker)
            while places:
                self._queue.put(places.popleft(), None)
        else:
            self._queue.append(marker)
            self._lost[name] = self._queue.last

    def _index_queue(self) -> None:
        for place, arrival in self._queue.items():
            if arrival.kind in ("opened", "closed"):
                self._forget()
            elif arrival.kind == "frame":
                name = self._class_and_key(arrival)
                places = self._queued.setdefault(name, deque())
                if name[0] == "coalesce" and places:
                    self._queue.put(places[0], arrival)
                    self._queue.put(place, None)
                    self._dropped(name[0])
                elif name[0] in ("coalesce", "sequence"):
                    places.append(place)

    def _forget(self) -> None:
        """Leaves everything that is queued as it is: an older socket's frames do not give way to a newer one's."""
        self._queued.clear()
        self._lost.clear()

    def _still_queued(self, name: Name) -> deque[int]:
        places = self._queued.setdefault(name, deque())
        while places and places[0] < self._queue.first:
            places.popleft()
        return places

    def _has_marker(self, name: Name) -> bool:
        """Returns true when a `lost` of this name waits already."""
        return self._lost.get(name, -1) >= self._queue.first

    def _append_or_drop(self, arrival: Arrival, class_: str, limit: int) -> bool:
        if self._queue.depth() < limit:
            self._queue.append(arrival)
            return True
        self._dropped(class_)
        return False

    def _dropped(self, class_: str, count: int = 1) -> None:
        self._counters.drops[class_] += count

    def _class_and_key(self, arrival: Arrival) -> Name:
        try:
            return self._classify(arrival.payload)
        except Exception:
            log.exception("a frame could not be classified")
            return "plain", ""


class _Slots:
    """A queue in which each arrival keeps its place number until it leaves at the front. A place can be emptied."""

    __slots__ = ("_empty", "_items", "first")

    def __init__(self) -> None:
        self._items: deque[Arrival | None] = deque()
        self._empty = 0
        self.first = 0

    @property
    def last(self) -> int:
        return self.first + len(self._items) - 1

    def depth(self) -> int:
        return len(self._items) - self._empty

    def append(self, arrival: Arrival) -> None:
        self._items.append(arrival)

    def extend(self, arrivals: Sequence[Arrival]) -> None:
        self._items.extend(arrivals)

    def pop(self, most: int) -> list[Arrival]:
        """Removes and returns the oldest, at most `most`."""
        items, popped = self._items, list[Arrival]()
        while items and len(popped) < most:
            arrival = items.popleft()
            self.first += 1
            if arrival is None:
                self._empty -= 1
            else:
                popped.append(arrival)
        return popped

    def put(self, place: int, arrival: Arrival | None) -> None:
        """Replaces the arrival at a place, or empties the place."""
        self._items[place - self.first] = arrival
        self._empty += arrival is None

    def items(self) -> list[tuple[int, Arrival]]:
        return [(place, arrival) for place, arrival in enumerate(self._items, self.first) if arrival is not None]
