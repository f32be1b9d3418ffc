"""`python -m executor.ledger verify`: says whether the ledger proves itself; 0 clean, 1 a bad row, 2 can't be read."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import sqlalchemy as sa

from common.settings import SettingsError
from executor.errors import LedgerUnavailable
from executor.ledger.engine import make_engine, reading
from executor.ledger.verify import Broken, Proof, verify
from executor.settings import LedgerSettings


def main(arguments: list[str], environment: Mapping[str, str] | None = None) -> int:
    """Runs the command and prints what it found."""
    if arguments != ["verify"]:
        print("usage: python -m executor.ledger verify", file=sys.stderr)
        return 2
    try:
        proofs = _proofs(LedgerSettings.from_environment(environment))
    except (SettingsError, LedgerUnavailable, sa.exc.DBAPIError) as error:
        print(f"verify: not checked: {error}", file=sys.stderr)
        return 2
    except Broken as error:
        print(f"verify: BROKEN {error}")
        return 1
    for proof in proofs:
        print(_line(proof))
    return 0


def _proofs(settings: LedgerSettings) -> list[Proof]:
    engine = make_engine(settings.url, settings.password)
    try:
        with reading(engine) as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
            return verify(connection)
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
