"""Reads a dump of a ledger as inert text. Nothing of it is ever executed, whoever made it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

_ENTRY = re.compile(r"\d+; \d+ \d+ (.*)")
_COPY = re.compile(rb'COPY (?:public\.)?"?(\w+)"? \(([\w", ]+)\) FROM stdin;\r?\n')
_RIGHTS = ("ACL ", "DEFAULT ACL ")
_END = b"\\.\n"
VERSION_TABLE = "alembic_version"
MOST_NAMED = 10
"""Unknown objects that a refusal names."""


class DumpRefused(Exception):
    """The dump is not taken; the reason is one sentence."""


class TableRows:
    """The rows of one table, in PostgreSQL's text format.

    table: the table's name.
    columns: the names of its columns.
    lines: the rows; they can be read once, before the next table.
    """

    def __init__(self, table: str, columns: Sequence[str], lines: Iterator[bytes]) -> None:
        self.table, self.columns, self.lines = table, columns, lines


class Dump:
    """A dump as `pg_restore` writes it out: the list of its contents, the rows of alembic_version, and then all rows.

    contents: the entries of the list, without their numbers and their owners. Rights are left out: none is taken over.
    """

    def __init__(self, stream: BinaryIO) -> None:
        """Reads the list. Raises `DumpRefused`."""
        self._stream = stream
        self.contents: list[str] = []
        for line in stream:
            if line.startswith(b"--"):
                break
            entry = _ENTRY.match(line.decode(errors="replace").rstrip("\n"))
            if entry is not None and not entry[1].startswith(_RIGHTS):
                self.contents.append(entry[1].rpartition(" ")[0])

    def refuse_others(self, known: Iterable[str]) -> None:
        """Raises `DumpRefused` when the list has an entry that is not known."""
        others = sorted({*self.contents} - {*known})
        if others:
            named = ", ".join(_printable(each) for each in others[:MOST_NAMED])
            more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
            raise DumpRefused(f"it has what no ledger has: {named}{more}")

    def revision(self) -> str:
        """Reads the revision of the tables. Raises `DumpRefused`."""
        for rows in self.tables():
            found = [line.decode(errors="replace").strip() for line in rows.lines]
            if rows.table != VERSION_TABLE or len(found) != 1:
                break
            return found[0]
        raise DumpRefused("it does not say of which revision its tables are")

    def tables(self) -> Iterator[TableRows]:
        """Yields the tables that have rows to copy; all other text is skipped. Raises `DumpRefused`."""
        for line in self._stream:
            if not line.startswith(b"COPY "):
                continue
            found = _COPY.fullmatch(line)
            if found is None:
                raise DumpRefused(
                    f"it has rows in a form that is not known: {_printable(line.decode(errors='replace'))}"
                )
            columns = [name.strip().strip('"') for name in found[2].decode().split(",")]
            lines = self._rows(found[1].decode())
            yield TableRows(found[1].decode(), columns, lines)
            for _ in lines:  # what the caller did not read
                pass

    def _rows(self, table: str) -> Iterator[bytes]:
        for line in self._stream:
            if line == _END:
                return
            yield line
        raise DumpRefused(f"it ends in the middle of the table {_printable(table)}")


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:100]
