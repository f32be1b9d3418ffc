"""One run: trade, kill and restart for minutes, let every outcome become known, then compare with the ledger."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from common.answers import AccountStatus
from tests.chaos import audit, executors, fleet
from tests.chaos.database import Database
from tests.chaos.executors import STALE_SECONDS, Executor
from tests.chaos.faults import Hanging, MarketDataHanging, MarketDataKilled, PeersCut, StreamCut, cabled
from tests.chaos.journal import Journal
from tests.chaos.killer import Killer, Victim
from tests.chaos.levels import overfilled
from tests.chaos.market import SYMBOLS, Market, SlowMarketData, moving
from tests.executor.standin import serving

RESTING, LEAST_RESTING, SETTLE_TRIES = 4_500, 3_000, 100
"""Orders that rest as the faults begin, and that must rest at half of them or more."""
START_SECONDS, RECOVERY_SECONDS, SETTLE_SECONDS = 40.0, 30.0, 45.0
"""Starting is no part of the minutes. After them the executors must recover, and every outcome must become known."""


@dataclass(frozen=True)
class Outcome:
    """What a run found. `lost`, `doubled`, `overfilled` and `unbalanced` are faults of the ledger, `verify` is "clean"
    or the first bad row; `odd` is what went wrong otherwise. `table` tells what was done. `untried` are the faults that
    did not happen, and `resting` is how many orders rested at half of the faults or more."""

    table: tuple[str, ...]
    acked: int
    fills: int
    kills: Counter[str]
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    overfilled: tuple[str, ...]
    unbalanced: tuple[str, ...]
    odd: tuple[str, ...]
    verify: str
    untried: tuple[str, ...]
    resting: int

    @property
    def passed(self) -> bool:
        """Nothing found, and enough was done to find something: orders, fills, and every kind of fault."""
        found = self.lost or self.doubled or self.overfilled or self.unbalanced or self.odd
        tried = self.acked > 0 and self.fills > 0 and not self.untried and self.resting >= LEAST_RESTING
        return tried and not found and self.verify == "clean"

    def line(self) -> str:
        """The last line."""
        return (
            f"chaos: {'PASS' if self.passed else 'FAIL'} acked={self.acked} kills={sum(self.kills.values())} "
            f"resting={self.resting} lost={len(self.lost)} doubled={len(self.doubled)} "
            f"overfilled={len(self.overfilled)} "
            f"verify={'clean' if self.verify == 'clean' else 'broken'}"
        )


def chaos(minutes: float, seed: int, database: Database, done: Callable[[], object] = lambda: None) -> Outcome:
    """Runs for so many minutes, and up to two more to start, to settle and to compare. `done` is called once there is
    an outcome, before what was started is ended. Raises `RuntimeError` when it can't be begun."""
    rng = random.Random(seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(SlowMarketData()) as data,
        moving(data, random.Random(seed)) as market,
        cabled(data) as cable,
        executors.running(database, data.url, Path(folder), rng) as both,
    ):
        if not wait(both, START_SECONDS):
            raise RuntimeError(f"the executors were not ready after {START_SECONDS:.0f} s")
        others: list[Victim] = [StreamCut(data), MarketDataKilled(data, cable, rng), MarketDataHanging(cable, rng)]
        others += [Hanging(executor, rng) for executor in both]
        others += [PeersCut([executor.peer_port for executor in both])] if PeersCut.possible() else []
        killer = Killer(both, database, others, rng)
        journal = trade(both, database, market, killer, minutes * 60, rng)
        kept, account = settled(both, database)
    outcome = compared(journal, kept, market, killer)
    outcome = replace(outcome, odd=(*outcome.odd, *audit.misprojected(kept, account)), verify=audit.verified(database))
    done()
    return outcome


def trade(
    both: Sequence[Executor], database: Database, market: Market, killer: Killer, seconds: float, rng: random.Random
) -> Journal:
    """Clients trade while executors and database are killed; returns when every client knows all its outcomes."""
    clients = [executor.client for executor in both]

    def deadline() -> float:
        return time.monotonic() + seconds + SETTLE_SECONDS

    with fleet.trading(clients, market, RESTING, deadline, rng) as journal:
        killer.kill_until(time.monotonic() + seconds)
        database.wait()
        if not wait(both, RECOVERY_SECONDS):
            journal.odd.append(
                f"not ready after {RECOVERY_SECONDS:.0f} s: {[one.name for one in both if not one.ready()]}"
            )
    for executor in both:
        journal.odd.extend((*executor.revive(), *executor.unexpected()))
    return journal


def settled(both: Sequence[Executor], database: Database) -> tuple[audit.Kept, AccountStatus | None]:
    """Returns the ledger and the account as an executor tells it, both as of one event."""
    for _ in range(SETTLE_TRIES):
        account = next(filter(None, (executor.account() for executor in both)), None)
        kept = audit.read(database)
        if account is not None and account.sequence == kept.sequence:
            return kept, account
        time.sleep(0.1)
    return kept, None


def compared(journal: Journal, kept: audit.Kept, market: Market, killer: Killer) -> Outcome:
    """The ledger against what the clients were told and what the market showed."""
    answers = journal.answers()
    statuses = Counter(order.status for order in kept.orders)
    over = [
        text
        for symbol in SYMBOLS
        for text in overfilled(market.states[symbol], audit.taken(kept, symbol), STALE_SECONDS)
    ]
    table = (
        *(f"{count:7d}  kills of {name}" for name, count in sorted(killer.kills.items())),
        *(f"{count:7d}  orders {status}" for status, count in sorted(statuses.items())),
        *(f"{count:7d}  denials {code}" for code, count in sorted(journal.denials().items())),
        f"{len(kept.fills):7d}  fills, {sum(fill.liquidity == 'maker' for fill in kept.fills)} of them as a maker",
        *(f"{count:7d}  unknown outcomes: {reason}" for reason, count in sorted(Counter(journal.unknown).items())),
    )
    return Outcome(
        table=table,
        acked=len(answers),
        fills=len(kept.fills),
        kills=killer.kills,
        lost=tuple(audit.lost(journal, kept)),
        doubled=tuple(audit.doubled(journal, kept)),
        overfilled=tuple(over),
        unbalanced=tuple(audit.unbalanced(kept)),
        odd=(*killer.faults, *journal.odd, *journal.unanswered),
        verify="",
        untried=tuple(sorted(killer.names - killer.kills.keys())),
        resting=int(statistics.median(killer.resting or [0])),
    )


def wait(both: Sequence[Executor], seconds: float) -> bool:
    """Whether all executors became ready in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if all(executor.ready() for executor in both):
            return True
        time.sleep(0.2)
    return False
