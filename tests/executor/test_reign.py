"""Many threads give works to one reign: each ends once, whatever the appends do."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from common.clock import SYSTEM_CLOCK
from executor.errors import LedgerUnavailable
from executor.guardrails.controls import Controls
from executor.ledger.append import Append, AppendRefused
from executor.ledger.events import GENESIS, KillSwitchSet
from executor.timing import StageMetrics
from executor.writer.job import Job
from executor.writer.reign import Reign, Told
from executor.writer.state import Loaded, State
from executor.writer.transaction import Transaction

THREADS, WORKS = 12, 60
POISON, BROKEN = "poison", "broken"


class Tables:
    """Stands where the database is: takes batches slowly, refuses those with poison in them, and may go away."""

    def __init__(self, seed: int, *, goes_away_at: int | None = None) -> None:
        self.appended: list[str] = []
        self._sent: Append | None = None
        self._random, self._goes_away_at = random.Random(seed), goes_away_at

    def append(self, batch: Append) -> Sequence[str]:
        self.send(batch)
        return self.answer()

    def send(self, batch: Append) -> None:
        assert self._sent is None, "two appends at once"
        self._sent = batch

    def answer(self) -> Sequence[str]:
        assert self._sent is not None, "an answer without a batch"
        batch = self._sent
        time.sleep(self._random.random() * 0.002)
        self._sent = None
        reasons = [event.content.reason for event in batch.events]  # type: ignore[union-attr]
        if self._goes_away_at is not None and len(self.appended) >= self._goes_away_at:
            raise LedgerUnavailable("gone")
        if POISON in reasons:
            raise AppendRefused(POISON)
        self.appended += reasons
        return ()

    def close(self) -> None: ...


def reign_on(tables: Tables, pool: ThreadPoolExecutor) -> Reign:
    state = State(Loaded("paper", 0, GENESIS, Controls(), {}), SYSTEM_CLOCK.monotonic())
    told = Told(lambda _: None, lambda: None)
    stages = StageMetrics(CollectorRegistry())
    return Reign(state, tables, SYSTEM_CLOCK, lambda _: None, stages, told, pool.submit)  # type: ignore[arg-type]


def switching(reason: str) -> Callable[[Transaction], str]:
    def work(transaction: Transaction) -> str:
        transaction.record(KillSwitchSet(engaged=True, reason=reason))
        if reason.startswith(BROKEN):
            raise ZeroDivisionError
        return reason

    return work


def rush(reign: Reign, seed: int, reasons: Sequence[str]) -> dict[str, list[Any]]:
    """Gives the works from many threads, alone, in twos, and without waiting; returns each one's outcomes."""
    ended: dict[str, list[Any]] = {reason: [] for reason in reasons}

    def note(reason: str, outcome: Callable[[], Any]) -> None:
        try:
            ended[reason].append(outcome())
        except Exception as error:
            ended[reason].append(error)

    def told(reason: str) -> Callable[[Job[Any]], None]:
        return lambda job: note(reason, job.outcome)

    def run(number: int) -> None:
        chosen = random.Random(seed * 1000 + number)
        mine = list(reasons[number::THREADS])
        while mine:
            kind, reason = chosen.choice("dda"), mine.pop()
            if kind == "a":
                reign.begin(switching(reason), told(reason))
            elif mine and chosen.random() < 0.3:
                pair = (reason, mine.pop())
                for each, job in zip(pair, reign.do_all([switching(each) for each in pair]), strict=True):
                    note(each, job.outcome)
            else:
                note(reason, lambda reason=reason: reign.do(switching(reason)))  # type: ignore[misc]

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads), "a thread waits for ever"
    return ended


@pytest.mark.parametrize("seed", range(4))
def test_each_work_ends_once_and_is_durable_when_it_says_so(seed: int) -> None:
    tables = Tables(seed)
    reasons = [f"r{number}" for number in range(THREADS * WORKS)]
    broken = [f"{BROKEN}{number}" for number in range(20)]
    with ThreadPoolExecutor(1) as pool:
        reign = reign_on(tables, pool)
        ended = rush(reign, seed, random.Random(seed).sample([*reasons, *broken], len(reasons) + len(broken)))
        reign.do(lambda _: None)
    assert all(ended[reason] == [reason] for reason in reasons)
    assert all([type(each) for each in ended[reason]] == [ZeroDivisionError] for reason in broken)
    assert sorted(tables.appended) == sorted(reasons), "each is durable once, and what failed is not"
    assert reign.view.sequence == len(reasons)


def test_a_work_that_the_tables_refuse_fails_alone() -> None:
    tables = Tables(1)
    reasons = [*(f"r{number}" for number in range(100)), POISON]
    with ThreadPoolExecutor(1) as pool:
        reign = reign_on(tables, pool)
        ended = rush(reign, 1, random.Random(1).sample(reasons, len(reasons)))
        reign.do(lambda _: None)
    assert [type(each) for each in ended.pop(POISON)] == [AppendRefused]
    assert all(outcome == [reason] for reason, outcome in ended.items())
    assert sorted(tables.appended) == sorted(ended)


@pytest.mark.parametrize("seed", range(4))
def test_when_the_tables_go_away_every_work_ends_and_none_is_called_durable_that_is_not(seed: int) -> None:
    tables = Tables(seed, goes_away_at=200)
    reasons = [f"r{number}" for number in range(THREADS * WORKS)]
    with ThreadPoolExecutor(1) as pool:
        reign = reign_on(tables, pool)
        ended = rush(reign, seed, reasons)
    assert all(len(outcome) == 1 for outcome in ended.values())
    assert sorted(reason for reason, outcome in ended.items() if outcome == [reason]) == sorted(tables.appended)
    assert reign.ended
