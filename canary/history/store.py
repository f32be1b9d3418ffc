"""The file of the history: an SQLite database that holds whole rounds or none, whatever ends the process."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from canary.history import tables, writes
from canary.history.entries import RoundEntry
from canary.history.writes import Kept
from common.errors import Unavailable

FILE = "history.sqlite3"
DAMAGED = (".damaged", ".damaged-2", ".damaged-3")
"""Endings of files that were put aside. The first ones stay: they hold the longest history."""
BUSY_SECONDS = 5.0
PAGE_BYTES, MOST_BYTES = 4096, 96 * 2**20
FIRST_NOTE = "there was no history before"
_OF_DAMAGE = frozenset(
    {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH}
)
"""No whole file breaks a constraint: every row is made anew from a round."""

T = TypeVar("T")


class DamagedHistory(Exception):
    """The file is no database, a damaged one, one of another version, or holds a row that can't be."""


class HistoryFile:
    """The history in `folder`. One thread of one process writes; any thread of any process may read meanwhile.

    It keeps no connection: each call opens the file that is there now. There is no write-ahead log beside the file, so
    that it can be read on a full disk, and copied as one file.
    """

    def __init__(self, folder: Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
        """A lock that another process holds is waited for, `busy_seconds` long."""
        self._path = folder / FILE
        self._busy_seconds = busy_seconds
        self._checked = False
        # The file, by its number on the disk, in which a reader found damage, and a sentence about it.
        self._damage: tuple[int, str] | None = None

    def write(self, entry: RoundEntry, longest_seconds: float, note: str = FIRST_NOTE) -> Kept:
        """Adds a round, wholly or not at all. `note` is kept when the history begins with it.

        Raises `DamagedHistory`, sqlite3.Error and OSError.
        """
        damage = self._damage
        if damage is not None and damage[0] == self._number():
            raise DamagedHistory(damage[1])
        with _damage_named(), closing(self._opened("rwc")) as database:
            database.execute(f"PRAGMA max_page_count = {MOST_BYTES // PAGE_BYTES}")
            database.execute("BEGIN IMMEDIATE")
            if not _begun(database):
                for statement in tables.SCHEMA:
                    database.execute(statement)
                database.execute(tables.BEGIN_HISTORY, (entry.at, note))
            elif not self._checked and database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise DamagedHistory("its check finds a fault")
            kept = writes.add(database, entry, longest_seconds)
            database.execute("COMMIT")
        self._checked = True
        return kept

    def read(self, by: Callable[[sqlite3.Connection], T]) -> T | None:
        """Returns what `by` reads, all of it from one moment; None while there is no history.

        Raises `Unavailable` with the reason. After damage the next `write` raises `DamagedHistory`.
        """
        number = self._number()
        if number is None:
            return None
        try:
            with _damage_named(), closing(self._opened("rw")) as database:
                database.execute("PRAGMA query_only = ON")
                database.execute("BEGIN")
                return by(database) if _begun(database) else None
        except DamagedHistory as error:
            self._damage = number, str(error)
            raise Unavailable(f"the history is damaged ({error})") from error
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(f"the history can't be read ({error})") from error

    def set_aside(self) -> str:
        """Renames the file, so that a new one begins, and returns its new name. Raises OSError.

        Three such files are kept; a further one takes the place of the third.
        """
        names = [FILE + ending for ending in DAMAGED]
        name = next((one for one in names if not self._path.with_name(one).exists()), names[-1])
        for ending in ("", "-journal"):
            part = self._path.with_name(FILE + ending)
            if part.exists():
                part.replace(self._path.with_name(name + ending))
        self._checked = False
        return name

    def size(self) -> int:
        """Returns the size of the file in bytes; 0 while there is none."""
        try:
            return self._path.stat().st_size
        except OSError:
            return 0

    def _number(self) -> int | None:
        """Returns the number of the file on the disk; None while there is no file."""
        try:
            return self._path.stat().st_ino
        except OSError:
            return None

    def _opened(self, mode: str) -> sqlite3.Connection:
        address = f"{self._path.absolute().as_uri()}?mode={mode}"
        database = sqlite3.connect(address, uri=True, timeout=self._busy_seconds, isolation_level=None)
        database.text_factory = lambda raw: raw.decode("utf-8", "replace")
        return database


def _begun(database: sqlite3.Connection) -> bool:
    """Returns true when the file has the tables, false when it is empty. Raises `DamagedHistory` for any other."""
    version = database.execute("PRAGMA user_version").fetchone()[0]
    names = {name for (name,) in database.execute(tables.TABLE_NAMES)}
    if version == 0 and not names:
        return False
    if version != tables.VERSION:
        raise DamagedHistory(f"its version is {version}, not {tables.VERSION}")
    if not names >= tables.TABLES:
        raise DamagedHistory("it has other tables")
    return True


@contextmanager
def _damage_named() -> Iterator[None]:
    """Turns the errors of a damaged file, and of rows that can't be, into `DamagedHistory`.

    A full disk or a lock is no damage.
    """
    try:
        yield
    except (ValueError, ArithmeticError, TypeError) as error:
        raise DamagedHistory(f"a row can't be: {error}") from error
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0)
        if code & 0xFF in _OF_DAMAGE or code == sqlite3.SQLITE_IOERR_SHORT_READ:
            raise DamagedHistory(str(error)) from error
        raise
