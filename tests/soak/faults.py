"""Which fault comes next: frames that lie often, sockets that die now and then, REST that refuses sometimes.

Left out: upgrades of the broker refused with 401, or 403 without a page, which stop its feed until somebody acts, and
`missing_rows`, after which a book without sequence numbers may make sense and still be wrong.
"""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Callable

from tests.soak.health import Touched
from tests.soak.venues import PAIRS, SHARES, Venues
from venue.btcturk.rules import TRADING, PairChange

FRAMES = (
    *("skip_cs", "diff_before_snapshot", "duplicate_frame", "crossed_book", "bad_level", "repeat_ticker"),
    *("partial_replay", "late_klines", "cut_klines"),
    *("garbage", "unknown_model", "huge_frame"),
    *("odd_numbers", "null_fields", "bad_row", "zero_level", "null_side", "float_noise", "off_tick"),
)
LIES = ("stuck_book", "stuck_trades", "stuck_ticker", "lying_ticker")
SHARE_LIES = ("stuck_rows", "stuck_ticks", "lying_ticks")
LIE_SECONDS = (5.0, 20.0)
ODD_ANSWERS = ("numbers", "bad_row", "zero_row", "float_noise")
SOCKETS = (
    "maintenance",
    "reset",
    "close",
    "partial_frame",
    "half_open",
    "silence",
    "no_book",
    "no_upgrade_answer",
    "refuse_upgrade",
    "reject_upgrade",
)
SHARE_FRAMES = (
    *("duplicate_tick", "stale_date", "out_of_order_date", "no_bid", "crossed_rows", "unknown_type"),
    *("lower_case_keys", "garbage", "odd_numbers", "null_fields", "float_noise"),
)
SHARE_SOCKETS = (
    "maintenance",
    "reset",
    "close",
    "partial_frame",
    "half_open",
    "silence",
    "refuse_upgrade",
    "reject_upgrade",
    "expire_session",
)
LOGINS = ("refuse_login", "refuse_sms", "fail_login")
LISTINGS = ("halt", "no_pairs", "missing_pair")
LISTING_GAP_SECONDS = 100.0
"""The instruments are asked for once a minute. Two answers in a row that lack a pair would rightly delist it."""
HALT_SECONDS = (10.0, 70.0)
PAUSE = (2.0, 6.0)
FIRST_SOCKETS = (20.0, 27.0)
QUICK_GAP_SECONDS, SLOW_GAP_SECONDS = 75.0, 135.0
"""Between two faults of one feed's socket: so long that it is healthy for a minute after it has recovered, else its
back-off would grow all the time up to a minute. Only what ends the socket at once is quick."""
ENDS = ("garbage", "unknown_model", "huge_frame")
"""Frames of no symbol: they touch every book of the socket."""
QUICK = ("reset", "close", "no_book", "expire_session")
LEAST_LEFT_SECONDS, LOGIN_LEFT_SECONDS = 25.0, 150.0
"""Nothing ends a socket, or delays a login, so shortly before the end of the faults: it could not heal in time."""
BROKER_CALLS = ("GetEquityInfo", "SessionRefresh")
"""What fails at any time. A login is tried once a minute and fails only by `LOGINS`: if its calls failed as often as
they are tried, there would be no session for as long as that goes on."""
SILENCE_SECONDS = 70.0
PAGE = "<html>Attention Required!</html>"
"""The answer of a firewall on the way."""


class Thrower:
    """Throws one fault after the other for `lasts` seconds; `thrown` counts them. `rng` decides all."""

    def __init__(self, venues: Venues, rng: random.Random, lasts: float) -> None:
        self.thrown: Counter[str] = Counter()
        self.touched = Touched()
        self._rng, self._lasts = rng, lasts
        self._arm_crypto: Callable[..., object] = venues.crypto.faults.arm
        self._arm_bist: Callable[..., object] = venues.bist.faults.arm
        self._venues = venues
        self._crypto_at, self._share_at = FIRST_SOCKETS
        self._listing_at, self._halted_until = 0.0, dict.fromkeys(PAIRS, 0.0)

    def pause(self) -> float:
        """Seconds until the next."""
        return self._rng.uniform(*PAUSE)

    def throw(self, now: float) -> None:
        """One fault; `now` is seconds since the beginning."""
        left = self._lasts - now
        draw = self._rng.random()
        self._resume(now)
        if now >= self._listing_at:
            self._listing_at = now + LISTING_GAP_SECONDS
            self._listing(self._rng.choice(LISTINGS if left > LISTING_GAP_SECONDS else LISTINGS[:2]), now)
        elif now >= self._crypto_at and left > LEAST_LEFT_SECONDS:
            name = self._rng.choice(SOCKETS)
            self._crypto_at = now + _gap(name)
            self._crypto_socket(name)
        elif now >= self._share_at and left > LEAST_LEFT_SECONDS:
            name = self._rng.choice((*SHARE_SOCKETS, *LOGINS) if left > LOGIN_LEFT_SECONDS else SHARE_SOCKETS)
            self._share_at = now + _gap(name)
            self._share_socket(name)
        elif draw < 0.60:
            self._crypto_frame(self._rng.choice(FRAMES))
        elif draw < 0.70:
            self._crypto(self._rng.choice(LIES), pair=self._rng.choice(PAIRS), seconds=self._rng.uniform(*LIE_SECONDS))
        elif draw < 0.75:
            name = self._rng.choice(SHARE_LIES)
            self._bist(name, symbol=self._rng.choice(SHARES), seconds=self._rng.uniform(*LIE_SECONDS))
        elif draw < 0.92:
            name = self._rng.choice(SHARE_FRAMES)
            self._bist(name, symbol=self._rng.choice(SHARES))
        else:
            self._rest(left)

    def clear(self) -> None:
        """No fault is armed, and no pair is halted any more."""
        self._resume(math.inf)
        self._venues.crypto.faults.clear()
        self._venues.bist.faults.clear()

    def table(self) -> list[str]:
        """For each fault: how often it was thrown, and how often a venue came to do it. Some faults are helped by
        another one, which then was done more often than thrown."""
        done = dict(self._venues.crypto.faults.done())
        done["halt"] = self.thrown["halt"]
        done |= {f"bist {name}": count for name, count in self._venues.bist.faults.done().items()}
        rows = [f"{self.thrown[name]:7d} {done[name]:7d}  {name}" for name in sorted(done) if self.thrown[name]]
        return [f"{'thrown':>7} {'done':>7}  fault", *rows]

    def _crypto(self, name: str, **parameters: object) -> None:
        self.thrown[name] += 1
        self._touch("BTCTURK", name in (*SOCKETS, *ENDS), parameters.get("pair"), parameters.get("seconds"))
        self._arm_crypto(name, **parameters)

    def _bist(self, name: str, **parameters: object) -> None:
        self.thrown[f"bist {name}"] += 1
        self._touch("BIST", "symbol" not in parameters, parameters.get("symbol"), parameters.get("seconds"))
        self._arm_bist(name, **parameters)

    def _touch(self, venue: str, whole: bool, symbol: object, lasts: object) -> None:
        """Notes what a fault touches. REST faults of BTCTurk touch no book."""
        if whole:
            self.touched.venue(venue, time.monotonic())
        elif isinstance(symbol, str):
            self.touched.symbol(symbol, time.monotonic(), lasts if isinstance(lasts, float) else 0.0)

    def _listing(self, name: str, now: float) -> None:
        pair = self._rng.choice(PAIRS)
        match name:
            case "halt":
                self.thrown[name] += 1
                lasts = self._rng.uniform(*HALT_SECONDS)
                self._touch("BTCTURK", False, pair, lasts)
                self._halted_until[pair] = now + lasts
                self._venues.crypto.change_pair(pair, PairChange(status="HALTED"))
            case "missing_pair":
                self._crypto(name, pair=pair)
            case _:
                self._crypto(name)

    def _resume(self, now: float) -> None:
        for pair, until in self._halted_until.items():
            if 0.0 < until <= now:
                self._halted_until[pair] = 0.0
                self._venues.crypto.change_pair(pair, PairChange(status=TRADING))

    def _crypto_frame(self, name: str) -> None:
        pair, pick = self._rng.choice(PAIRS), self._rng.choice
        match name:
            case "duplicate_frame":
                self._crypto(name, pair=pair, model=pick((402, 421, 422, 428, 431, 432)))
            case "bad_level":
                self._crypto(name, pair=pair, code=pick((0, 1, 2, 3)))
            case "diff_before_snapshot":
                self._crypto(name, pair=pair)
                self._arm_crypto("skip_cs", pair=pair)
            case "partial_replay":
                self._crypto(name, pair=pair, trades=pick((0, 1, 20)))
            case "late_klines":
                self._crypto(name, pair=pair, seconds=pick((60.0, 120.0, 600.0)))
            case "cut_klines":
                self._crypto(name, pair=pair, bars=pick((0, 1, 50)))
            case _:
                self._crypto(name, pair=pair)

    def _crypto_socket(self, name: str) -> None:
        pair, pick = self._rng.choice(PAIRS), self._rng.choice
        match name:
            case "reset":
                self._crypto(name, pair=pair, count=pick((1, 1, 4)))
            case "close":
                self._crypto(name, pair=pair, code=pick((1000, 1001, 1006, 1012)), count=pick((1, 1, 4)))
            case "silence" | "maintenance":
                self._crypto(name, pair=pair, seconds=SILENCE_SECONDS)
            case "no_book":
                self._crypto(name, pair=pair)
                self._arm_crypto("skip_cs", pair=pair)
            case "no_upgrade_answer":
                self._crypto(name)
                self._arm_crypto("reset", pair=pair)
            case "refuse_upgrade":
                self._crypto(name, status=pick((429, 500, 502, 503)), retry_after=5, count=pick((1, 3)))
                self._arm_crypto("reset", pair=pair)
            case "reject_upgrade":
                # Once: a second refusal in a row would cost up to a minute, a third two.
                page = pick((None, PAGE))
                self._crypto("refuse_upgrade", status=pick((401, 403, 404, 407, 451)), page=page)
                self._arm_crypto("reset", pair=pair)
            case _:
                self._crypto(name, pair=pair)

    def _share_socket(self, name: str) -> None:
        match name:
            case "silence" | "maintenance":
                self._bist(name, seconds=SILENCE_SECONDS)
            case "refuse_upgrade":
                self._bist(name, status=503)
                self._arm_bist("reset")
            case "reject_upgrade":
                self._bist("refuse_upgrade", status=403, page=PAGE)
                self._arm_bist("reset")
            case "refuse_login" | "refuse_sms":
                self._bist(name)
                self._arm_bist("expire_session")
            case "fail_login":
                calls = ("LoginUser", "LoginUserControl")
                self._bist("rest_status", status=self._rng.choice((429, 500, 503)), endpoint=self._rng.choice(calls))
                self._arm_bist("expire_session")
            case _:
                self._bist(name)

    def _rest(self, left: float) -> None:
        calls = ("rest_status", "slow_rest", "odd_answer", "bist odd_answer", "bist rest_status")
        match self._rng.choice(calls if left > LOGIN_LEFT_SECONDS else calls[:4]):
            case "rest_status":
                self._crypto("rest_status", status=self._rng.choice((429, 500, 503)), retry_after=5)
            case "slow_rest":
                self._crypto("slow_rest")
            case "odd_answer":
                self._crypto("odd_answer", oddity=self._rng.choice(ODD_ANSWERS))
            case "bist odd_answer":
                self._bist("odd_answer", oddity=self._rng.choice(("numbers", "null_fields", "float_noise")))
            case _:
                status, endpoint = self._rng.choice((429, 500, 503)), self._rng.choice(BROKER_CALLS)
                self._bist("rest_status", status=status, endpoint=endpoint)


def _gap(name: str) -> float:
    """Seconds from a fault of a socket to the next one of the same feed."""
    return QUICK_GAP_SECONDS if name in QUICK else SLOW_GAP_SECONDS
