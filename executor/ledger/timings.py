"""The time limits on waiting for the ledger, and for the executor that writes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LedgerTimings:
    """The limits, in seconds.

    connect: for a new connection to the database, in whole seconds.
    lock: for a lock in the database, and for a connection of the pool.
    statement: for one statement.
    idle: for a transaction in which nothing is done.
    silent: for any answer of the database; longer than its own limits, which a healthy server keeps.
    hung: a holder of the lease whose heartbeat stays the same for longer is taken for hung, and its session is ended.
    change: for a change of the executor that writes.
    answer: for an answer of the executor that writes; longer than its own limits take.
    """

    connect: int = 2
    lock: int = 2
    statement: int = 5
    idle: int = 10
    silent: float = 6.0
    hung: float = 2.0
    change: float = 3.0
    answer: float = 8.0


LEDGER_TIMINGS = LedgerTimings()
