"""One soak: warm up, weigh, throw faults, clear them, weigh again, and compare every book with the venues' own."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from common import wire
from tests.marketdata.truth import Watcher, differences, equal
from tests.soak import service as services
from tests.soak import venues as markets
from tests.soak.faults import Thrower
from tests.soak.service import Service
from tests.soak.venues import PAIRS, SHARES, Venues

MOST_DIALS = 10
BEHIND_SECONDS, LOOK_SECONDS = 20.0, 0.1
WARM_UP_SHARE, LEAST_WARM_UP_SECONDS = 0.2, 15.0
RECOVERY_SECONDS, REST_SECONDS, START_SECONDS = 75.0, 15.0, 60.0
LONG_MINUTES, LONG_GROWTH_PERCENT, SHORT_GROWTH_PERCENT = 10.0, 5.0, 15.0
"""In a short soak histories still fill, so that more growth is innocent."""


@dataclass(frozen=True)
class Outcome:
    """What a soak found. `wrong` are books that ought never to have been shown, `late` is what did not heal."""

    thrown: Counter[str]
    resyncs: int
    wrong: tuple[str, ...]
    late: tuple[str, ...]
    looks: int
    stale: int
    dials: int
    growth_percent: float
    threads_growth: int
    allowed_percent: float

    @property
    def passed(self) -> bool:
        """No wrong book, all healed, no growth, and the guard of dials never passed."""
        clean = not self.wrong and not self.late and self.looks > 0
        small = self.growth_percent <= self.allowed_percent and self.threads_growth <= 0
        return clean and small and self.dials <= MOST_DIALS

    def line(self) -> str:
        """The last line."""
        return (
            f"soak: {'PASS' if self.passed else 'FAIL'} faults={sum(self.thrown.values())} resyncs={self.resyncs} "
            f"wrong_books={len(self.wrong)} dials_max_60s={self.dials} rss_growth_pct={self.growth_percent:.1f} "
            f"threads_growth={self.threads_growth}"
        )


def soak(minutes: float, seed: int) -> Outcome:
    """Runs for so many minutes, and up to one and a half more to start and to heal."""
    with (
        tempfile.TemporaryDirectory() as folder,
        markets.running(seed) as venues,
        services.running(venues, Path(folder)) as service,
    ):
        wait(service.live, START_SECONDS)
        with services.listeners(service):
            return watched(venues, service, minutes, random.Random(seed))


def watched(venues: Venues, service: Service, minutes: float, rng: random.Random) -> Outcome:
    """The soak on running parts."""
    began, thrower = time.monotonic(), Thrower(venues, rng)

    def book(pair: str) -> wire.Book | None:
        return service.book(f"BTCTURK:{pair}", 100)

    with Watcher(venues.market, venues.crypto, book, PAIRS, behind=BEHIND_SECONDS, every=LOOK_SECONDS) as watcher:
        throw_until(began + max(minutes * 60 * WARM_UP_SHARE, LEAST_WARM_UP_SECONDS), thrower, began)
        before = service.weigh()
        throw_until(began + minutes * 60, thrower, began)
        thrower.clear()
        healed = wait(service.live, RECOVERY_SECONDS)
        after = service.weigh()
        venues.pause()
        rested = wait(lambda: at_rest(venues, service, book), REST_SECONDS)
        late = [] if healed and rested else [service.text("/v1/feeds"), *not_at_rest(venues, service, book)]
    return Outcome(
        thrown=thrower.thrown,
        resyncs=int(service.total("marketdata_resyncs_total")),
        wrong=tuple(watcher.wrong),
        late=tuple(late),
        looks=watcher.seen,
        stale=watcher.stale,
        dials=venues.crypto.limits.worst_window("dial"),
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


def at_rest(venues: Venues, service: Service, book: Callable[[str], wire.Book | None]) -> bool:
    """Whether every book of both venues is live and the venue's own, level by level."""
    return venues.settled() and equal(venues.crypto, book, PAIRS) and not wrong_shares(venues, service)


def not_at_rest(venues: Venues, service: Service, book: Callable[[str], wire.Book | None]) -> list[str]:
    """What keeps that from being true."""
    return [*differences(venues.crypto, book, PAIRS), *wrong_shares(venues, service)]


def wrong_shares(venues: Venues, service: Service) -> list[str]:
    """Shares whose rows are not the venue's own, row by row. They are not looked at in between: without a sequence, a
    burst that is half read is a book that the venue never showed, for some milliseconds."""
    found = []
    for symbol in SHARES:
        shown, view = service.book(f"BIST:{symbol}", 10), venues.bist.views[symbol]
        if shown is None:
            found.append(f"{symbol}: not known")
            continue
        ours = [[(level.price, int(level.quantity)) for level in side] for side in (shown.bids, shown.asks)]
        theirs = [[(row.price, row.quantity) for row in side if row.quantity] for side in (view.bids, view.asks)]
        if ours != theirs or shown.stale:
            found.append(f"{symbol}: {'stale, ' if shown.stale else ''}{ours[0][:2]} for {theirs[0][:2]}")
    return found
