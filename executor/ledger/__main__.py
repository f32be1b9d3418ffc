"""The ledger's commands.

`python -m executor.ledger verify` checks every row against the events: exit code 0 clean, 1 a bad row, 2 not checked.
`python -m executor.ledger export FOLDER [--replace]` writes the account's books as CSV files: 0 written, 2 not written.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import sqlalchemy as sa

from common.settings import SettingsError
from executor.errors import LedgerUnavailable
from executor.ledger.compare import LedgerFault
from executor.ledger.engine import make_engine, reading
from executor.ledger.export import ExportError, export
from executor.ledger.timings import LedgerTimings
from executor.ledger.verify import AccountProof, verify
from executor.settings import LedgerSettings

TELL_SECONDS = 5.0
TIMINGS = LedgerTimings(connect=20, lock=20)
"""A person would rather wait than ask again."""
USAGE = "usage: python -m executor.ledger verify | export FOLDER [--replace]"


def main(arguments: list[str], environment: Mapping[str, str] | None = None) -> int:
    """Runs the command, prints its result, and returns the exit code."""
    match arguments:
        case ["verify"]:
            return _verify(environment)
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
    engine = make_engine(settings.url, settings.password, TIMINGS, patient=True)
    try:
        yield lambda: reading(engine)
    finally:
        engine.dispose()


def _line(proof: AccountProof) -> str:
    return (
        f"verify: clean account={proof.account} events={proof.events} orders={proof.orders} "
        f"fills={proof.fills} postings={proof.postings}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
