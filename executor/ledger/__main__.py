"""The ledger's commands.

`python -m executor.ledger verify` checks every row against the events: exit code 0 clean, 1 a bad row, 2 not checked.
`python -m executor.ledger export FOLDER [--replace]` writes the account's books as CSV files: 0 written, 2 not written.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from common.settings import SettingsError
from executor.errors import LedgerUnavailable
from executor.ledger.engine import make_engine, reading
from executor.ledger.export import ExportError, export
from executor.ledger.verify import LedgerFault, Proof, verify
from executor.settings import LedgerSettings

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
        with _snapshot(LedgerSettings.from_environment(environment)) as connection:
            proofs = verify(connection)
    except (SettingsError, LedgerUnavailable, sa.exc.DBAPIError) as error:
        print(f"verify: not checked: {error}", file=sys.stderr)
        return 2
    except LedgerFault as error:
        print(f"verify: BROKEN {error}")
        return 1
    for proof in proofs:
        print(_line(proof))
    return 0


def _export(folder: str, *, replace: bool, environment: Mapping[str, str] | None) -> int:
    try:
        settings = LedgerSettings.from_environment(environment)
        with _snapshot(settings) as connection:
            done = export(connection, settings.account, Path(folder), replace=replace)
    except (SettingsError, LedgerUnavailable, sa.exc.DBAPIError, ExportError, OSError) as error:
        print(f"export: not written: {error}", file=sys.stderr)
        return 2
    print(
        f"export: account={settings.account} events={done.events} postings={done.postings} "
        f"orders={done.orders} fills={done.fills} to {folder}"
    )
    return 0


@contextmanager
def _snapshot(settings: LedgerSettings) -> Iterator[sa.Connection]:
    """Lends one moment of the ledger, for as long as reading all of it takes."""
    engine = make_engine(settings.url, settings.password, patient=True)
    try:
        with reading(engine) as connection:
            yield connection
    finally:
        engine.dispose()


def _line(proof: Proof) -> str:
    sequence = proof.last.sequence if proof.last else 0
    return (
        f"verify: clean account={proof.account} events={sequence} orders={len(proof.replay.orders)} "
        f"fills={len(proof.fills)} postings={proof.postings}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
