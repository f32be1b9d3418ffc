"""Which fault comes next: frames that lie often, sockets that die now and then, REST that refuses sometimes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from tests.soak.venues import PAIRS, SHARES, Venues

FRAMES = (
    *("skip_cs", "diff_before_snapshot", "duplicate_frame", "crossed_book", "bad_level", "repeat_ticker"),
    *("garbage", "unknown_model", "huge_frame"),
)
SOCKETS = ("reset", "close", "partial_frame", "half_open", "silence", "no_upgrade_answer", "refuse_upgrade")
SHARE_FRAMES = ("duplicate_tick", "out_of_order_date", "no_bid", "crossed_rows", "unknown_type", "lower_case_keys")
SHARE_SOCKETS = ("reset", "close", "partial_frame", "half_open", "expire_session")
PAUSE = (2.0, 6.0)
SOCKET_GAP_SECONDS = 75.0
"""Long enough for a feed to be healthy for a minute in between, as its back-off wants before it begins anew."""


class Thrower:
    """Throws one fault after the other; `thrown` counts them. `rng` decides all."""

    def __init__(self, venues: Venues, rng: random.Random) -> None:
        self.thrown: Counter[str] = Counter()
        self._venues, self._rng = venues, rng
        self._socket_at = 0.0

    def pause(self) -> float:
        """Seconds until the next."""
        return self._rng.uniform(*PAUSE)

    def throw(self, now: float) -> None:
        """One fault; `now` is seconds since the beginning."""
        draw = self._rng.random()
        if now - self._socket_at > SOCKET_GAP_SECONDS or (self._socket_at == 0.0 and now > SOCKET_GAP_SECONDS / 5):
            self._socket_at = now
            self._crypto_socket() if draw < 0.75 else self._share_socket()
        elif draw < 0.70:
            self._crypto(self._rng.choice(FRAMES))
        elif draw < 0.90:
            self._share(self._rng.choice(SHARE_FRAMES))
        else:
            self._rest()

    def clear(self) -> None:
        """No fault is armed any more."""
        self._venues.crypto.faults.clear()
        self._venues.bist.faults.clear()

    def _crypto(self, name: str, **parameters: object) -> None:
        self.thrown[name] += 1
        arm: Callable[..., object] = self._venues.crypto.faults.arm
        arm(name, pair=self._rng.choice(PAIRS), **parameters)

    def _crypto_socket(self) -> None:
        name = self._rng.choice(SOCKETS)
        arm: Callable[..., object] = self._venues.crypto.faults.arm
        match name:
            case "close":
                self._crypto(name, code=self._rng.choice((1000, 1001, 1006, 1012)))
            case "silence":
                self._crypto(name, seconds=60.0)
            case "no_upgrade_answer" | "refuse_upgrade":
                self.thrown[name] += 1
                arm(name, **({"status": 503, "retry_after": 5} if name == "refuse_upgrade" else {}))
                self._crypto("reset")
            case _:
                self._crypto(name)

    def _share(self, name: str) -> None:
        self.thrown[f"bist {name}"] += 1
        arm: Callable[..., object] = self._venues.bist.faults.arm
        arm(name, symbol=self._rng.choice(SHARES))

    def _share_socket(self) -> None:
        name = self._rng.choice(SHARE_SOCKETS)
        self.thrown[f"bist {name}"] += 1
        arm: Callable[..., object] = self._venues.bist.faults.arm
        arm(name)

    def _rest(self) -> None:
        name = self._rng.choice(("rest_status", "slow_rest"))
        self.thrown[name] += 1
        arm: Callable[..., object] = self._venues.crypto.faults.arm
        arm(name, **({"status": self._rng.choice((429, 500, 503)), "retry_after": 5} if name == "rest_status" else {}))
