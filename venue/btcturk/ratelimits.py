"""BTCTurk's limits on requests and new sockets, and the most requests of any client."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from venue.counters import zeros

Refusal = Literal["429", "403", "drop"]

MOST_CALLERS = 1_000
MOST_REMEMBERED = 20_000
GRAPH_TOTAL = "graph"


@dataclass(frozen=True)
class Quota:
    """The limit of one endpoint.

    limit: requests that are allowed in a period.
    period: seconds.
    block: seconds for which a caller is refused after one request too many.
    """

    limit: int
    period: float
    block: float

    @property
    def period_text(self) -> str:
        """The period as the venue writes it, such as `1m`."""
        return f"{self.period / 60:g}m" if self.period >= 60 else f"{self.period:g}s"


_CHOSEN = Quota(600, 60.0, 60.0)

QUOTAS: Mapping[str, Quota] = MappingProxyType(
    {
        "ticker": Quota(600, 60.0, 60.0),
        "orderbook": Quota(180, 60.0, 60.0),
        "trades": _CHOSEN,
        "ohlc": _CHOSEN,
        "exchangeinfo": _CHOSEN,
        "time": _CHOSEN,
        "ping": _CHOSEN,
        "ohlcs": Quota(120, 60.0, 60.0),
        GRAPH_TOTAL: Quota(600, 600.0, 600.0),
    }
)
"""The limits that the venue publishes. `_CHOSEN` is our own, for endpoints without a published limit."""


@dataclass(frozen=True)
class LimitRules:
    """Every limit of a venue.

    quotas: the limit of each REST endpoint; an endpoint that is missing has none.
    dials: the limit of new sockets.
    refusal: the answer to one new socket too many: an HTTP status, or `drop` to hang up.
    """

    quotas: Mapping[str, Quota] = field(default_factory=lambda: QUOTAS)
    dials: Quota = Quota(15, 60.0, 60.0)
    refusal: Refusal = "429"


class _SlidingWindow:
    """The largest number of events in any window of a period. It remembers the last `MOST_REMEMBERED` events.

    worst: the largest number so far.
    """

    def __init__(self, period: float) -> None:
        self.worst = 0
        self._period = period
        self._times: deque[float] = deque(maxlen=MOST_REMEMBERED)

    def add(self, now: float) -> None:
        while self._times and self._times[0] <= now - self._period:
            self._times.popleft()
        self._times.append(now)
        self.worst = max(self.worst, len(self._times))


@dataclass
class _Caller:
    """One address at one endpoint. Times are seconds of the caller's clock.

    window: the sliding windows.
    began: when the fixed window began, with its first request.
    count: requests in the fixed window.
    blocked_until: when the block ends.
    accepted: when new sockets were accepted, oldest first.
    """

    window: _SlidingWindow
    began: float = float("-inf")
    count: int = 0
    blocked_until: float = float("-inf")
    accepted: deque[float] = field(default_factory=deque)


class VenueLimits:
    """Counts by endpoint and address. The caller gives the time, in seconds of one clock. Any thread may call.

    rules: the limits.
    refused: requests that were refused since the start, by endpoint; `dial` is new sockets.
    """

    def __init__(self, rules: LimitRules) -> None:
        self.rules = rules
        self.refused: Counter[str] = zeros((*rules.quotas, "dial"))
        self._lock = threading.Lock()
        self._callers: dict[tuple[str, str], _Caller] = {}
        self._worst: Counter[str] = Counter()

    def request(self, endpoint: str, address: str, now: float) -> float | None:
        """Counts a REST request. Returns None when it may pass, else the seconds until the block ends.

        The window is fixed and begins with its first request, as the venue documents it.
        """
        quota = self.rules.quotas[endpoint]
        with self._lock:
            caller = self._caller(endpoint, address, quota.period, now)
            if now < caller.blocked_until:
                return self._refuse(endpoint, caller, now)
            if now >= caller.began + quota.period:
                caller.began, caller.count = now, 0
            caller.count += 1
            if caller.count <= quota.limit:
                return None
            caller.blocked_until = now + quota.block
            caller.began = float("-inf")
            return self._refuse(endpoint, caller, now)

    def dial(self, address: str, now: float) -> float | None:
        """Counts a request for a new socket. Returns None when it may pass, else the seconds until the block ends.

        The window rolls: it holds the sockets accepted in the last period. When it is full, a block begins.
        """
        quota = self.rules.dials
        with self._lock:
            caller = self._caller("dial", address, quota.period, now)
            if now < caller.blocked_until:
                return self._refuse("dial", caller, now)
            while caller.accepted and caller.accepted[0] <= now - quota.period:
                caller.accepted.popleft()
            if len(caller.accepted) >= quota.limit:
                caller.blocked_until = now + quota.block
                return self._refuse("dial", caller, now)
            caller.accepted.append(now)
            return None

    def worst_windows(self) -> dict[str, int]:
        """Returns, by endpoint, the most requests that one address made in any period, refused ones included.

        The windows slide: a client that keeps below the limit here keeps below it in every fixed window too. `dial`
        stands for new sockets.
        """
        with self._lock:
            return {name: self._worst[name] for name in self.refused}

    def _caller(self, endpoint: str, address: str, period: float, now: float) -> _Caller:
        key = (endpoint, address)
        if key not in self._callers:
            if len(self._callers) >= MOST_CALLERS:
                del self._callers[next(iter(self._callers))]
            self._callers[key] = _Caller(_SlidingWindow(period))
        caller = self._callers[key]
        caller.window.add(now)
        self._worst[endpoint] = max(self._worst[endpoint], caller.window.worst)
        return caller

    def _refuse(self, endpoint: str, caller: _Caller, now: float) -> float:
        self.refused[endpoint] += 1
        return caller.blocked_until - now
