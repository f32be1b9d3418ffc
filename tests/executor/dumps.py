"""Dumps of ledgers for tests, and the text of a dump as `make restore` hands it to the ledger's command."""

from __future__ import annotations

import io
import subprocess
from importlib.util import find_spec
from pathlib import Path

from executor.ledger.dump import Dump
from executor.ledger.restore import load_beside, swap
from executor.ledger.walk import AccountProof
from tests.executor.postgres import WHEEL, Server
from tests.executor.standin import Place


def database_of(place: Place) -> str:
    return place.url.rpartition("/")[2]


def _program(name: str, *arguments: str, stdin: bytes = b"", password: str = "") -> bytes:
    found = find_spec(WHEEL)
    assert found is not None
    assert found.origin is not None
    program = Path(found.origin).parent / "pginstall" / "bin" / name
    environment = {"PGPASSWORD": password, "LANG": "C.UTF-8"}
    done = subprocess.run(
        [program, *arguments], input=stdin, env=environment, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def dump_of(server: Server, place: Place, *more: str) -> bytes:
    """A whole dump of a ledger, by the superuser, as versions before the roles made it."""
    where = ("--host=127.0.0.1", f"--port={server.port}", "--username=spark", f"--dbname={database_of(place)}")
    return _program("pg_dump", *where, "--format=custom", *more, password=server.password)


def written_out(dump: bytes) -> bytes:
    """The text of a dump: its contents, the revision of its tables, its rows."""
    rows = ("--data-only", "--file=-")
    ways = (("--list",), ("--table=alembic_version", *rows), rows)
    return b"".join(_program("pg_restore", *way, stdin=dump) for way in ways)


def load(place: Place, text: bytes) -> list[AccountProof]:
    """Makes a ledger of a dump's text beside that of `place`."""
    engine = place.as_owner().engine()
    try:
        return load_beside(engine, Dump(io.BytesIO(text)), lambda _account, _done, _of: None)
    finally:
        engine.dispose()


def put_in_place(place: Place) -> None:
    """Puts the ledger that was loaded in the place of the present one."""
    engine = place.as_owner().engine()
    swap(engine)
    engine.dispose()
