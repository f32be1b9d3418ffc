"""The ledger's commands.

`python -m executor.ledger verify` checks every row against the events: exit code 0 clean, 1 a bad row, 2 not checked.
`python -m executor.ledger export FOLDER [--replace]` writes the account's books as CSV files: 0 written, 2 not written.
Two commands are for the tables' owner alone; each exits with 0 when it is done, and with 2 when it is not:
`python -m executor.ledger migrate` brings the tables up to date.
`python -m executor.ledger load`, then `… swap`: restores a dump, see `make restore` and `executor.ledger.restore`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import sqlalchemy as sa

from common.settings import SettingsError
from executor.errors import LedgerUnavailable, UnknownRevision
from executor.ledger.compare import LedgerFault
from executor.ledger.dump import Dump, DumpRefused
from executor.ledger.engine import make_engine, reading
from executor.ledger.export import ExportError, export
from executor.ledger.migrate import migrate
from executor.ledger.restore import load_beside, swap
from executor.ledger.timings import LedgerTimings
from executor.ledger.verify import verify
from executor.ledger.walk import AccountProof
from executor.settings import LedgerSettings

TELL_SECONDS = 5.0
WAIT_SECONDS = 60.0
"""Seconds for which `migrate` waits for a database that is away."""
TIMINGS = LedgerTimings(connect=20, lock=20)
"""A person would rather wait than ask again."""
USAGE = "usage: python -m executor.ledger verify | export FOLDER [--replace] | migrate | load | swap"


def main(arguments: list[str], environment: Mapping[str, str] | None = None) -> int:
    """Runs the command, prints its result, and returns the exit code."""
    match arguments:
        case ["verify"]:
            return _verify(environment)
        case ["migrate"]:
            return _migrate(environment)
        case ["load"]:
            return _restored("load", environment, _load)
        case ["swap"]:
            return _restored("swap", environment, swap)
        case ["export", folder] | ["export", folder, "--replace"] if not folder.startswith("-"):
            return _export(folder, replace=len(arguments) > 2, environment=environment)
        case _:
            print(USAGE, file=sys.stderr)
            return 2


def _verify(environment: Mapping[str, str] | None) -> int:
    try:
        with _reading(LedgerSettings.from_environment(environment)) as read:
            proofs = verify(read, ShownProgress())
    except (SettingsError, LedgerUnavailable, sa.exc.DBAPIError) as error:
        print(f"verify: not checked: {error}", file=sys.stderr)
        return 2
    except LedgerFault as error:
        print(f"verify: BROKEN {error}")
        return 1
    for proof in proofs:
        print(_line(proof))
    return 0


def _migrate(environment: Mapping[str, str] | None) -> int:
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            with _engine(LedgerSettings.from_environment(environment)) as engine:
                migrate(engine)
        except (UnknownRevision, SettingsError, sa.exc.DBAPIError) as error:
            print(f"migrate: not done: {error}", file=sys.stderr)
            return 2
        except LedgerUnavailable as error:
            if time.monotonic() >= until:
                print(f"migrate: not done: {error}", file=sys.stderr)
                return 2
            time.sleep(1.0)
        else:
            print("migrate: the ledger's tables are of this version")
            return 0


def _restored(name: str, environment: Mapping[str, str] | None, do: Callable[[sa.Engine], list[AccountProof]]) -> int:
    """Does a step of a restoration, and prints what was proved."""
    try:
        with _engine(LedgerSettings.from_environment(environment)) as engine:
            proofs = do(engine)
    except (DumpRefused, SettingsError, LedgerUnavailable, sa.exc.DBAPIError) as error:
        print(f"{name}: not done: {error}", file=sys.stderr)
        return 2
    for proof in proofs:
        print(_line(proof))
    return 0


def _load(engine: sa.Engine) -> list[AccountProof]:
    return load_beside(engine, Dump(sys.stdin.buffer), ShownProgress())


class ShownProgress:
    """Tells how far a proof has come, every few seconds."""

    def __init__(self) -> None:
        self._told_at = time.monotonic()

    def __call__(self, account: str, done: int, of: int) -> None:
        if time.monotonic() - self._told_at >= TELL_SECONDS:
            self._told_at = time.monotonic()
            print(f"verify: account={account} {done} of {of} events", file=sys.stderr, flush=True)


def _export(folder: str, *, replace: bool, environment: Mapping[str, str] | None) -> int:
    try:
        settings = LedgerSettings.from_environment(environment)
        with _reading(settings) as read:
            done = export(read, settings.account, Path(folder), replace=replace)
    except (SettingsError, LedgerUnavailable, sa.exc.DBAPIError, ExportError, OSError) as error:
        print(f"export: not written: {error}", file=sys.stderr)
        return 2
    print(
        f"export: account={settings.account} events={done.events} postings={done.postings} "
        f"orders={done.orders} fills={done.fills} to {folder}"
    )
    return 0


@contextmanager
def _reading(settings: LedgerSettings) -> Iterator[Callable[[], AbstractContextManager[sa.Connection]]]:
    """Lends a function that lends one moment of the ledger, for as long as a part of it takes to read."""
    with _engine(settings) as engine:
        yield lambda: reading(engine)


@contextmanager
def _engine(settings: LedgerSettings) -> Iterator[sa.Engine]:
    engine = make_engine(settings.url, settings.password, TIMINGS, patient=True)
    try:
        yield engine
    finally:
        engine.dispose()


def _line(proof: AccountProof) -> str:
    return (
        f"verify: clean account={proof.account} events={proof.events} orders={proof.orders} "
        f"fills={proof.fills} postings={proof.postings}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
