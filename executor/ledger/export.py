"""Writes an account's books as CSV files for a spreadsheet: journal, orders, fills and trial balance of one moment."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import sqlalchemy as sa

from common.decimals import plain_text
from common.wire import Denial
from executor.account import Terms
from executor.ledger import rows, schema
from executor.ledger.events import OrderFilled
from executor.orders import PRECISION, tidy

Value = str | int | bool | Decimal | datetime | None
Lines = Iterable[tuple[Value, ...]]

ROWS_AT_ONCE = 1000
"""Rows that are read at a time, and so kept in memory."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Beginnings of a text that a spreadsheet would run as a formula."""


class ExportError(Exception):
    """Says why no file was written, in one sentence."""


@dataclass(frozen=True)
class ExportCounts:
    """The counts of an export.

    events: the sequence of the account's latest event.
    postings, orders, fills: rows in the files.
    """

    events: int
    postings: int
    orders: int
    fills: int


@dataclass(frozen=True)
class Sheet:
    """One file.

    name: the file's name.
    columns: the names of its columns, with blanks between them.
    lines: reads its lines for an account.
    """

    name: str
    columns: str
    lines: Callable[[sa.Connection, str], Lines]


def export(connection: sa.Connection, account: str, folder: Path, *, replace: bool = False) -> ExportCounts:
    """Writes all files into `folder`, which is created where it is missing; returns the counts.

    `connection` must see one moment of the ledger. The files are written in a folder beside their places, and moved
    when all are complete. Raises `OSError`, and `ExportError` when a file exists and `replace` is false, when the
    account is unknown, or when a row can't be read.
    """
    sequence = rows.latest_sequence(connection, account)
    if not sequence:
        raise ExportError(f"the ledger has no account {account}")
    folder.mkdir(parents=True, exist_ok=True)
    _refuse_existing(folder, replace)
    with TemporaryDirectory(prefix=".export-", dir=folder) as work, localcontext(prec=PRECISION):
        try:
            counts = {sheet.name: _write(Path(work), sheet, sheet.lines(connection, account)) for sheet in SHEETS}
        except (ValueError, ArithmeticError, msgspec.MsgspecError) as error:
            raise ExportError(f"a row can't be read ({error}); verify says which") from error
        _refuse_existing(folder, replace)
        for sheet in SHEETS:
            (Path(work) / sheet.name).replace(folder / sheet.name)
    return ExportCounts(sequence, counts["journal.csv"], counts["orders.csv"], counts["fills.csv"])


def cell(value: Value) -> str:
    """Returns a value as the files have it: numbers in plain digits, times in UTC as ISO 8601, None as nothing.

    A text that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return plain_text(value)
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case str():
            return f"'{value}" if value.startswith(FORMULA) else value
        case _:
            return str(value)


def _refuse_existing(folder: Path, replace: bool) -> None:
    existing = [sheet.name for sheet in SHEETS if (folder / sheet.name).exists()]
    if existing and not replace:
        raise ExportError(f"{folder} has {', '.join(existing)} already; --replace writes over it")


def _write(folder: Path, sheet: Sheet, lines: Lines) -> int:
    count = 0
    with (folder / sheet.name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(sheet.columns.split())
        for count, line in enumerate(lines, start=1):  # noqa: B007
            writer.writerow([cell(value) for value in line])
    return count


def _stream(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[sa.Row[Any]]:
    return iter(connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE}))


def _sides(amount: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """Returns debit and credit of an amount: a positive amount, which moves in, is a debit."""
    return (None, amount.copy_abs()) if amount < 0 else (amount, None)


def _journal(connection: sa.Connection, account: str) -> Lines:
    """Yields every posting, also one whose event is missing: the sums must show it."""
    lines, log = schema.postings, schema.events
    event = (log.c.account == lines.c.account) & (log.c.sequence == lines.c.sequence)
    place = (lines.c.account, lines.c.sequence, lines.c.line)
    about = (log.c.recorded_at, log.c.kind, log.c.order_id)
    query = sa.select(*place, *about, lines.c.name, lines.c.symbol, lines.c.unit, lines.c.amount, log.c.payload)
    query = query.select_from(lines.outerjoin(log, event)).where(lines.c.account == account)
    for row in _stream(connection, query.order_by(lines.c.sequence, lines.c.line)):
        trade_id = msgspec.json.decode(row.payload, type=OrderFilled).fill.trade_id if row.kind == "filled" else None
        yield (*row[:6], trade_id, *row[6:9], *_sides(row.amount))


_ORDER_COLUMNS = (
    "account order_id client_order_id received_at updated_at sequence symbol side type time_in_force post_only "
    "replaces status quantity limit_price filled_quantity average_price fees"
)


def _orders(connection: sa.Connection, account: str) -> Lines:
    table = schema.orders.c
    query = sa.select(*(table[name] for name in _ORDER_COLUMNS.split()), table.terms, table.denials)
    query = query.where(table.account == account).order_by(table.received_sequence)
    for row in _stream(connection, query):
        denials = msgspec.json.decode(row.denials, type=tuple[Denial, ...])
        yield (*row[:-2], _quote_currency(row.terms), " ".join(denial.code for denial in denials))


def _fills(connection: sa.Connection, account: str) -> Lines:
    fills, orders = schema.fills.c, schema.orders.c
    which = (fills.account, fills.sequence, fills.order_id, fills.trade_id, fills.filled_at)
    what = (orders.symbol, orders.side, fills.liquidity, fills.quantity, fills.price)
    query = sa.select(*which, *what, fills.fee, orders.terms)
    query = query.select_from(schema.fills.outerjoin(schema.orders, orders.order_id == fills.order_id))
    query = query.where(fills.account == account).order_by(fills.sequence, fills.order_id, fills.trade_id)
    reversals = rows.reversals(connection, account)
    for row in _stream(connection, query):
        notional, reversed_by = tidy(row.quantity * row.price), reversals.get(row.sequence)
        yield (*row[:-2], notional, row.fee, _quote_currency(row.terms), reversed_by)


def _balances(connection: sa.Connection, account: str) -> Lines:
    """Yields the balances, sorted here: a database's own order of texts depends on its locale."""
    balances = dict(rows.moved_since(connection, account, 0))
    for entry in sorted(balances):
        yield (account, *entry, *_sides(balances[entry]))


def _quote_currency(terms: str | None) -> str | None:
    return None if terms is None else msgspec.json.decode(terms, type=Terms).quote_currency


SHEETS = (
    Sheet(
        "journal.csv",
        "account event_sequence line time event_kind order_id trade_id ledger_account symbol unit debit credit",
        _journal,
    ),
    Sheet("orders.csv", f"{_ORDER_COLUMNS} currency denials", _orders),
    Sheet(
        "fills.csv",
        "account event_sequence order_id trade_id time symbol side liquidity quantity price notional fee currency "
        "reversed_by",
        _fills,
    ),
    Sheet("balances.csv", "account ledger_account symbol unit debit credit", _balances),
)
