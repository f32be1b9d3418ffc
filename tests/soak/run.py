"""One soak: warm up, weigh, throw faults, clear them, weigh again, compare all that is shown with the venues' own."""

from __future__ import annotations

import math
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from common import wire
from tests.marketdata.truth import Watcher, differences
from tests.soak import bars, shares
from tests.soak import service as services
from tests.soak import venues as markets
from tests.soak.faults import Thrower
from tests.soak.service import Service
from tests.soak.venues import PAIRS, Venues

MOST_DIALS = 10
BEHIND_SECONDS, LOOK_SECONDS = 15.0, 0.1
"""A book that its own stream no longer tells is contradicted within 8 s of its best prices' next move."""
WARM_UP_SHARE, LEAST_WARM_UP_SECONDS = 0.2, 15.0
START_SECONDS, RECOVERY_SECONDS, REST_SECONDS = 30.0, 55.0, 10.0
"""With what ending takes, less than a minute and a half; starting is part of the soak's minutes."""
LONG_MINUTES, LONG_GROWTH_PERCENT, SHORT_GROWTH_PERCENT = 10.0, 5.0, 15.0
"""In a short soak histories still fill, so that more growth is innocent."""
MOST_HEALTHY_STALE = 0.001
"""A tolerance that is too tight would cost books of a feed that is well."""
LEAST_LIVE_SHARE = 0.1
"""Books that always say that they are stale would never be wrong."""


@dataclass(frozen=True)
class Outcome:
    """What a soak found. `wrong` are books that ought never to have been shown, each once; `late` is what did not heal;
    `lacking` are bars that hide that trades are missing; `healthy` are the looks at books that no fault had touched for
    long, `healthy_stale` those of them that were stale; `table` tells what was thrown."""

    table: tuple[str, ...]
    faults: int
    resyncs: int
    wrong: tuple[str, ...]
    late: tuple[str, ...]
    lacking: tuple[str, ...]
    looks: int
    stale: int
    healthy: int
    healthy_stale: int
    dials: int
    growth_percent: float
    threads_growth: int
    allowed_percent: float

    @property
    def passed(self) -> bool:
        """No wrong book, all healed, no trade lost silently, no growth, and the guard of dials never passed."""
        clean = not (self.wrong or self.late or self.lacking)
        watched = self.looks > 0 and self.looks - self.stale >= self.looks * LEAST_LIVE_SHARE
        small = self.growth_percent <= self.allowed_percent and self.threads_growth <= 0
        calm = self.healthy_stale <= self.healthy * MOST_HEALTHY_STALE
        return clean and watched and calm and small and self.dials <= MOST_DIALS

    def line(self) -> str:
        """The last line."""
        return (
            f"soak: {'PASS' if self.passed else 'FAIL'} faults={self.faults} resyncs={self.resyncs} "
            f"wrong_books={len(self.wrong)} healthy_stale={self.healthy_stale}/{self.healthy} "
            f"dials_max_60s={self.dials} rss_growth_pct={self.growth_percent:.1f} "
            f"threads_growth={self.threads_growth}"
        )


def soak(minutes: float, seed: int, done: Callable[[], object] = lambda: None) -> Outcome:
    """Runs for so many minutes, and up to one and a half more to heal and to end. `done` is called once there is an
    outcome, before what was started is ended."""
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        markets.running(seed) as venues,
        services.running(venues, Path(folder)) as service,
    ):
        wait(service.live, START_SECONDS)
        with services.listeners(service):
            outcome = watched(venues, service, minutes, random.Random(seed), began)
            done()
            return outcome


@dataclass(frozen=True)
class Books:
    """The published books, and what is wrong with them once both markets stand still."""

    venues: Venues
    service: Service

    def pair(self, name: str) -> wire.Book | None:
        return self.service.book(f"BTCTURK:{name}", 100)

    def share(self, symbol: str) -> wire.Book | None:
        return self.service.book(f"BIST:{symbol}", shares.ROWS)

    def not_at_rest(self) -> list[str]:
        """Empty when every book is live and the venue's own, level by level."""
        if not self.venues.settled():
            return ["the venues have not told everything"]
        return differences(self.venues.crypto, self.pair, PAIRS) + shares.wrong_at_rest(self.venues, self.share)


def watched(venues: Venues, service: Service, minutes: float, rng: random.Random, began: float) -> Outcome:
    """The soak on running parts; `began` is a moment of the monotonic clock."""
    thrower, books = Thrower(venues, rng, minutes * 60), Books(venues, service)
    crypto = Watcher(venues.market, venues.crypto, books.pair, PAIRS, behind=BEHIND_SECONDS, every=LOOK_SECONDS)
    with crypto, shares.ShareWatcher(venues, books.share) as bist:
        throw_until(began + max(minutes * 60 * WARM_UP_SHARE, LEAST_WARM_UP_SECONDS), thrower, began)
        wait(service.live, RECOVERY_SECONDS)  # an open socket has a thread more: both weights are of live feeds
        before = service.weigh()
        throw_until(began + minutes * 60, thrower, began)
        thrower.clear()
        late = [] if wait(service.live, RECOVERY_SECONDS) else [service.text("/v1/feeds")]
        after = service.weigh()
        venues.pause()
        wait(lambda: not books.not_at_rest(), REST_SECONDS)
        late += [*books.not_at_rest(), *service.faults(before, after)]
    touched = thrower.touched
    healthy = touched.healthy("BTCTURK", crypto.looks) + touched.healthy("BIST", bist.looks)
    return Outcome(
        table=tuple(thrower.table()),
        faults=sum(thrower.thrown.values()),
        resyncs=int(service.total("marketdata_resyncs_total")),
        wrong=tuple(dict.fromkeys((*crypto.wrong, *bist.wrong))),
        late=tuple(late),
        lacking=tuple(bars.lacking(venues, service.bars, math.ceil(minutes) + 1)),
        looks=crypto.seen + len(bist.looks),
        stale=crypto.stale + bist.stale,
        healthy=len(healthy),
        healthy_stale=sum(look.stale for look in healthy),
        dials=max(venues.crypto.limits.worst_windows()["dial"], bist.most_dials),
        growth_percent=(after.resident / before.resident - 1) * 100,
        threads_growth=int(after.threads - before.threads),
        allowed_percent=LONG_GROWTH_PERCENT if minutes >= LONG_MINUTES else SHORT_GROWTH_PERCENT,
    )


def throw_until(end: float, thrower: Thrower, began: float) -> None:
    """Faults every few seconds until a moment of the monotonic clock."""
    while (now := time.monotonic()) < end:
        thrower.throw(now - began)
        time.sleep(min(thrower.pause(), max(0.0, end - now)))


def wait(check: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true in time; a service that does not answer counts as not yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if check():
                return True
        except OSError:
            pass
        time.sleep(0.2)
    return False
