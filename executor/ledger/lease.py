"""The lease of an account: one executor at a time writes it, and every append checks the lease's epoch."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import psycopg
import sqlalchemy as sa

from executor.errors import LedgerUnavailable
from executor.ledger.engine import lock_key
from executor.ledger.kept import KeptConnection
from executor.ledger.timings import LEDGER_TIMINGS, LedgerTimings

_TRY = "SELECT pg_try_advisory_lock(%s)"
_LOOK = "SELECT holder, address, backend, epoch, heartbeat_at FROM leases WHERE account = %s"
_AWAIT_APPENDS = "SELECT epoch FROM leases WHERE account = %s FOR UPDATE"
"""Locks the row against the appends of the last holder: one that is under way ends first, later ones are refused."""
_TAKE = (
    "INSERT INTO leases (account, epoch, holder, address, backend, heartbeat_at) "
    "VALUES (%s, 1 + floor(random() * 1e12), %s, %s, pg_backend_pid(), clock_timestamp()) "
    "ON CONFLICT (account) DO UPDATE SET epoch = leases.epoch + 1, holder = excluded.holder, "
    "address = excluded.address, backend = excluded.backend, heartbeat_at = excluded.heartbeat_at RETURNING epoch"
)
"""A row that is not there begins with an epoch that nobody has had: it may have been deleted under a writer."""
_BEAT = (
    "UPDATE leases SET holder = %s, address = %s, backend = pg_backend_pid(), heartbeat_at = clock_timestamp() "
    "WHERE account = %s AND epoch = %s"
)
"""Tells anew who holds the lease, so that a row that was edited from elsewhere misleads nobody for long."""
_FREE = "SELECT pg_advisory_unlock_all()"
_END_SESSION = "SELECT pg_terminate_backend(%s)"


class Holder(NamedTuple):
    """The executor that has the lease.

    name: its name.
    address: `host:port` where it takes what other executors forward.
    backend: the number of its session in the database.
    silence: seconds for which its heartbeat has been the same, by our monotonic clock: no clock that is set counts.
    """

    name: str
    address: str
    backend: int
    silence: float


class Lease:
    """The lease of one account, as this executor sees it.

    The lock on the connection is freed by the database as soon as the holder's connection ends.

    account: the account's name.
    hung_after: seconds without a heartbeat after which a holder is taken for hung.
    """

    def __init__(
        self,
        engine: sa.Engine,
        account: str,
        name: str,
        address: Callable[[], str],
        timings: LedgerTimings = LEDGER_TIMINGS,
    ) -> None:
        self.account, self.hung_after = account, timings.hung
        self._connection, self._name, self._address = KeptConnection(engine), name, address
        self._lock = lock_key(f"writer:{account}")
        self._beat_seen: object = None
        self._seen_at = 0.0

    def take(self) -> int | Holder | None:
        """Returns the new epoch when the lease could be taken, else its holder; None when that is not known yet.

        A holder that hangs is ended, so that the next call takes the lease. Raises `LedgerUnavailable`.
        """
        kept = self._connection.is_open
        try:
            return self._take()
        except LedgerUnavailable:
            if not kept:
                raise
            return self._take()  # what failed may only have been a connection that the server had ended

    def _take(self) -> int | Holder | None:
        with self._connection.use() as driver:
            [free] = driver.execute(_TRY, (self._lock,)).fetchone() or (False,)
            if free:
                return self._raise_epoch(driver)
            row = driver.execute(_LOOK, (self.account,)).fetchone()
            if row is None:
                return None
            name, address, backend, *beat = row
            holder = Holder(name, address, backend, self._silence(beat))
            if holder.silence > self.hung_after:
                driver.execute(_END_SESSION, (holder.backend,))
            return holder

    def _silence(self, beat: object) -> float:
        now = time.monotonic()
        if beat != self._beat_seen:
            self._beat_seen, self._seen_at = beat, now
        return now - self._seen_at

    def beat(self, epoch: int) -> bool:
        """Proves that the holder is alive; false when another executor has the lease. Raises `LedgerUnavailable`.

        Its lock is gone when the connection was: then it has no lease either.
        """
        if not self._connection.is_open:
            return False
        with self._connection.use() as driver:
            return driver.execute(_BEAT, (self._name, self._address(), self.account, epoch)).rowcount == 1

    def give_up(self) -> None:
        """Frees the lock and ends the session. The server would free it by itself, but a little later."""
        if self._connection.is_open:
            with suppress(LedgerUnavailable), self._connection.use() as driver:
                driver.execute(_FREE)
        self._connection.close()

    def _raise_epoch(self, driver: psycopg.Connection[Any]) -> int:
        with driver.transaction():
            driver.execute(_AWAIT_APPENDS, (self.account,))
            row = driver.execute(_TAKE, (self.account, self._name, self._address())).fetchone()
        assert row is not None  # noqa: S101 - the statement returns one row
        return int(row[0])
