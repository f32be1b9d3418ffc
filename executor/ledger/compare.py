"""Compares rows of a table with the rows that the events lead to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from common.decimals import plain_text
from executor.account import Posting, Terms

ROWS_TOGETHER = 1_000


class LedgerFault(Exception):
    """Names the first row that is not as the events say, in one sentence."""


def check_rows(
    connection: sa.Connection, table: sa.Table, account: str, key: tuple[str, ...], expected: Sequence[dict[str, Any]]
) -> None:
    """Compares the rows of these keys with the expected ones, in the columns that `expected` has.

    Raises `LedgerFault` for a row that is missing or differs.
    """
    for begin in range(0, len(expected), ROWS_TOGETHER):
        some = expected[begin : begin + ROWS_TOGETHER]
        first = table.c[key[0]]
        wanted = (table.c.account == account, first.in_({row[key[0]] for row in some}))
        found = connection.execute(sa.select(table).where(*wanted)).mappings()
        stored = {tuple(row[name] for name in key): row for row in found}
        for row in some:
            where = f"{account}: {table.name} {'/'.join(str(row[name]) for name in key if row[name])}"
            match = stored.get(tuple(row[name] for name in key))
            if match is None:
                raise LedgerFault(f"{where} is missing")
            for name, value in row.items():
                if not _same(name, match[name], value):
                    raise LedgerFault(f"{where}: {name} is {_text(match[name])}, the events say {_text(value)}")


def shown(posting: Posting) -> str:
    """Returns a posting for people."""
    name, symbol, unit = posting.entry
    return f"{plain_text(posting.amount)} {unit} into {name} {symbol}".rstrip()


def _same(name: str, stored: Any, expected: Any) -> bool:
    """Returns true for equal values. Terms are texts that may spell the same decimal otherwise, so they are read."""
    if name != "terms" or stored is None or expected is None:
        return bool(stored == expected)
    try:
        return msgspec.json.decode(stored, type=Terms) == msgspec.json.decode(expected, type=Terms)
    except msgspec.MsgspecError:
        return False


def _text(value: Any) -> str:
    return plain_text(value) if isinstance(value, Decimal) else str(value)
