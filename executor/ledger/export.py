"""Writes an account's books as CSV files for a spreadsheet: journal, orders, fills and trial balance of one moment.

They are read in short transactions, so that the database can clean up behind the writer. Events, postings and fills
never change, and an order that changed meanwhile is made again from its events.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import sqlalchemy as sa

from common.decimals import plain_text, tidy
from common.wire import Denial
from executor.account import Entry, Terms
from executor.ledger import rows, schema, writes
from executor.ledger.events import OrderFilled
from executor.ledger.replay import Replay
from executor.orders import PRECISION, IllegalStep

Value = str | int | bool | Decimal | datetime | None
Line = tuple[Value, ...]
Reading = Callable[[], AbstractContextManager[sa.Connection]]
"""Lends a transaction that sees one moment of the ledger."""

EVENTS_TOGETHER = 500
"""Events whose rows are read in one transaction, and so kept in memory."""
ORDERS_TOGETHER = 500
SUMMED_TOGETHER = 20_000
"""Events whose postings are added up in one transaction."""

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
class Books:
    """The books of an account as of one event.

    reading: lends transactions.
    account: the account's name.
    until: the sequence of the event.
    """

    reading: Reading
    account: str
    until: int

    def pages(self, together: int) -> Iterator[tuple[int, int]]:
        """Yields the first and the last sequence of each page of the log."""
        for first in range(1, self.until + 1, together):
            yield first, min(first + together - 1, self.until)


@dataclass(frozen=True)
class Sheet:
    """One file.

    name: the file's name.
    columns: the names of its columns, with blanks between them.
    lines: reads its lines.
    """

    name: str
    columns: str
    lines: Callable[[Books], Iterable[Line]]


def export(reading: Reading, account: str, folder: Path, *, replace: bool = False) -> ExportCounts:
    """Writes all files into `folder`, which is created where it is missing; returns the counts.

    The books are those of the moment of the call, whatever is traded meanwhile. The files are written in a folder
    beside their places, and moved when all are complete. Raises `LedgerUnavailable`, `OSError`, and `ExportError` when
    a file exists and `replace` is false, when the account is unknown, or when a row can't be read.
    """
    with reading() as connection:
        sequence = rows.latest_sequence(connection, account)
    if not sequence:
        raise ExportError(f"the ledger has no account {account}")
    folder.mkdir(parents=True, exist_ok=True)
    _refuse_existing(folder, replace)
    books = Books(reading, account, sequence)
    with TemporaryDirectory(prefix=".export-", dir=folder) as work, localcontext(prec=PRECISION):
        try:
            counts = {sheet.name: _write(Path(work), sheet, sheet.lines(books)) for sheet in SHEETS}
        except (ValueError, KeyError, ArithmeticError, IllegalStep, msgspec.MsgspecError) as error:
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


def _write(folder: Path, sheet: Sheet, lines: Iterable[Line]) -> int:
    count = 0
    with (folder / sheet.name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(sheet.columns.split())
        for count, line in enumerate(lines, start=1):  # noqa: B007
            writer.writerow([cell(value) for value in line])
    return count


def _sides(amount: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """Returns debit and credit of an amount: a positive amount, which moves in, is a debit."""
    return (None, amount.copy_abs()) if amount < 0 else (amount, None)


def _journal(books: Books) -> Iterator[Line]:
    """Yields every posting, also one whose event is missing: the sums must show it."""
    lines, log = schema.postings, schema.events
    event = (log.c.account == lines.c.account) & (log.c.sequence == lines.c.sequence)
    place = (lines.c.account, lines.c.sequence, lines.c.line)
    about = (log.c.recorded_at, log.c.kind, log.c.order_id)
    query = sa.select(*place, *about, lines.c.name, lines.c.symbol, lines.c.unit, lines.c.amount, log.c.payload)
    query = query.select_from(lines.outerjoin(log, event)).order_by(lines.c.sequence, lines.c.line)
    for first, last in books.pages(EVENTS_TOGETHER):
        with books.reading() as connection:
            page = (lines.c.account == books.account, lines.c.sequence.between(first, last))
            found = connection.execute(query.where(*page)).all()
        for row in found:
            filled = msgspec.json.decode(row.payload, type=OrderFilled) if row.kind == "filled" else None
            yield (*row[:6], filled.fill.trade_id if filled else None, *row[6:9], *_sides(row.amount))


_ORDER_COLUMNS = (
    "account order_id client_order_id received_at updated_at sequence symbol side type time_in_force post_only "
    "replaces status quantity limit_price filled_quantity average_price fees"
)


def _orders(books: Books) -> Iterator[Line]:
    table, seen = schema.orders.c, 0
    columns = (*(table[name] for name in _ORDER_COLUMNS.split()), table.terms, table.denials, table.received_sequence)
    query = sa.select(*columns).where(table.account == books.account, table.received_sequence <= books.until)
    query = query.order_by(table.received_sequence).limit(ORDERS_TOGETHER)
    while True:
        with books.reading() as connection:
            found = connection.execute(query.where(table.received_sequence > seen)).all()
            page = [_as_of(books, connection, row) if row.sequence > books.until else row._mapping for row in found]
        for row in page:
            denials = msgspec.json.decode(row["denials"], type=tuple[Denial, ...])
            codes = " ".join(denial.code for denial in denials)
            yield (*(row[name] for name in _ORDER_COLUMNS.split()), _quote_currency(row["terms"]), codes)
        if len(found) < ORDERS_TOGETHER:
            return
        seen = found[-1].received_sequence


def _as_of(books: Books, connection: sa.Connection, row: sa.Row[Any]) -> Mapping[str, Any]:
    """Returns the row of an order as it was, from its events: it has changed since the books were begun."""
    replay, log = Replay(), schema.events.c
    for event in rows.events(connection, log.order_id == row.order_id, log.sequence <= books.until):
        replay.apply(event)
    return writes.order_row(replay.orders[row.order_id], replay.terms.get(row.order_id))


def _fills(books: Books) -> Iterator[Line]:
    fills, orders, log = schema.fills.c, schema.orders.c, schema.events.c
    which = (fills.account, fills.sequence, fills.order_id, fills.trade_id, fills.filled_at)
    what = (orders.symbol, orders.side, fills.liquidity, fills.quantity, fills.price)
    query = sa.select(*which, *what, fills.fee, orders.terms)
    query = query.select_from(schema.fills.outerjoin(schema.orders, orders.order_id == fills.order_id))
    query = query.order_by(fills.sequence, fills.order_id, fills.trade_id)
    # The index of fills begins with the order.
    traded = sa.select(log.order_id).distinct().where(log.account == books.account, log.kind == "filled")
    with books.reading() as connection:
        reversals = rows.reversals(connection, books.account)
    for first, last in books.pages(EVENTS_TOGETHER):
        with books.reading() as connection:
            of_page = fills.order_id.in_(traded.where(log.sequence.between(first, last)))
            page = (fills.account == books.account, fills.sequence.between(first, last), of_page)
            found = connection.execute(query.where(*page)).all()
        for row in found:
            notional, reversed_by = tidy(row.quantity * row.price), reversals.get(row.sequence, books.until + 1)
            taken_back = reversed_by if reversed_by <= books.until else None
            yield (*row[:-2], notional, row.fee, _quote_currency(row.terms), taken_back)


def _balances(books: Books) -> Iterator[Line]:
    """Yields the balances, sorted here: a database's own order of texts depends on its locale."""
    lines, balances = schema.postings.c, defaultdict[Entry, Decimal](Decimal)
    entry = (lines.name, lines.symbol, lines.unit)
    query = sa.select(*entry, sa.func.sum(lines.amount)).where(lines.account == books.account).group_by(*entry)
    for first, last in books.pages(SUMMED_TOGETHER):
        with books.reading() as connection:
            found = connection.execute(query.where(lines.sequence.between(first, last))).all()
        for name, symbol, unit, amount in found:
            balances[Entry(name, symbol, unit)] += amount
    for each in sorted(balances):
        yield (books.account, *each, *_sides(balances[each]))


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
