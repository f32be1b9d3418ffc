"""The file of bars, trades and gaps: an SQLite database that holds whole rows or none, whatever ends the process."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, cast, get_args

from common.decimals import plain_text
from common.wire import Side
from marketdata.events import Bar, VenueTrade
from marketdata.state.bars import RESOLUTIONS, Order, microseconds, moment
from marketdata.state.kept import BarKind, Bars, Changes, KeptBar, KeptSeries, Place, SpanKind, SpansByKind

VERSION = 1
BUSY_SECONDS = 5.0
PAGE_BYTES, MOST_BYTES = 4_096, 1 << 30
DAMAGED = ".damaged"
_SCHEMA = """
CREATE TABLE bars (
    symbol TEXT NOT NULL, kind TEXT NOT NULL, resolution TEXT NOT NULL, start INTEGER NOT NULL,
    open TEXT NOT NULL, high TEXT NOT NULL, low TEXT NOT NULL, close TEXT NOT NULL, volume TEXT NOT NULL,
    complete INTEGER NOT NULL, first_at INTEGER, first_id TEXT, last_at INTEGER, last_id TEXT,
    PRIMARY KEY (symbol, kind, resolution, start)
) WITHOUT ROWID;
CREATE TABLE trades (
    symbol TEXT NOT NULL, trade_id TEXT NOT NULL, price TEXT NOT NULL, quantity TEXT NOT NULL, side TEXT NOT NULL,
    at INTEGER NOT NULL, PRIMARY KEY (symbol, trade_id)
) WITHOUT ROWID;
CREATE TABLE spans (
    symbol TEXT NOT NULL, kind TEXT NOT NULL, resolution TEXT NOT NULL, since REAL NOT NULL, until REAL NOT NULL,
    PRIMARY KEY (symbol, kind, resolution, since)
) WITHOUT ROWID;
"""
_KINDS, _SIDES = frozenset(get_args(BarKind)), frozenset(get_args(Side))
_TABLES = ("bars", "trades", "spans")


class DamagedFile(Exception):
    """The file is no database, a damaged one, one of another version, or holds a row that can't be."""


class BarFile:
    """One file. Each call opens it anew or goes on with its own connection, so one thread at a time may use it."""

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        """A file larger than `most_bytes` is not written any further."""
        self._path, self._most_pages = path, max(1, most_bytes // PAGE_BYTES)
        self._connection: sqlite3.Connection | None = None

    def load(self, symbols: Collection[str], *, checked: bool = True) -> Iterator[tuple[str, KeptSeries]]:
        """Yields what is kept of each symbol, one after the other: of all at once it takes a GiB.

        Unless `checked`, the rest of the file is not looked through. Any thread may call this. Raises `DamagedFile`,
        `sqlite3.Error`, `OSError`.
        """
        with _damage_named(), closing(self._opened()) as database:
            if checked and database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise DamagedFile("its check finds a fault")
            try:
                for symbol in symbols:
                    yield symbol, _series(database, symbol)
            except (ArithmeticError, ValueError, TypeError) as error:
                raise DamagedFile(f"a row can't be: {error}") from error

    def forget(self, symbols: Collection[str], before: float) -> None:
        """Removes the symbols that are none of `symbols` and have no bar since `before`, in unix seconds."""
        with _damage_named(), closing(self._opened()) as database, database:
            found = database.execute("SELECT symbol FROM bars GROUP BY symbol HAVING max(start) < ?", (before,))
            old = [(symbol,) for (symbol,) in found.fetchall() if symbol not in symbols]
            for table in _TABLES:
                database.executemany(f"DELETE FROM {table} WHERE symbol = ?", old)  # noqa: S608 - names of our own

    def write(self, batch: Sequence[Changes]) -> int:
        """Writes changes, all of them or none. Returns the rows touched. Raises what `load` does."""
        with _damage_named():
            if self._connection is None:
                self._connection = self._opened()
            with self._connection as database:
                return sum(_write(database, changes) for changes in batch)

    def close(self) -> None:
        """Ends the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def set_aside(self) -> None:
        """Renames the file, so that a new one begins. An older one that was set aside is replaced. Raises `OSError`."""
        self.close()
        for ending in ("", "-wal", "-shm"):
            part = self._path.with_name(self._path.name + ending)
            if part.exists():
                part.replace(self._path.with_name(self._path.name + DAMAGED + ending))

    def _opened(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=BUSY_SECONDS, check_same_thread=False)
        database.text_factory = bytes.decode
        try:
            database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("PRAGMA journal_size_limit = 16777216")
            database.execute(f"PRAGMA max_page_count = {self._most_pages}")
            _prepare(database)
        except BaseException:
            database.close()
            raise
        return database


@contextmanager
def _damage_named() -> Iterator[None]:
    """Turns the errors of a damaged file into `DamagedFile`; a full disk or a lock is none."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA):
            raise DamagedFile(str(error)) from error
        raise


def _prepare(database: sqlite3.Connection) -> None:
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
    elif version != VERSION:
        raise DamagedFile(f"its version is {version}, not {VERSION}")


def _write(database: sqlite3.Connection, changes: Changes) -> int:
    symbol, now, dirt = changes.symbol, changes.now, changes.dirt
    gone = [(symbol, *place) for place in dirt.bars if place not in now.bars]
    database.executemany("DELETE FROM bars WHERE symbol = ? AND kind = ? AND resolution = ? AND start = ?", gone)
    rows = [_bar_row(symbol, place, kept) for place, kept in now.bars.items()]
    database.executemany("INSERT OR REPLACE INTO bars VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    lost = [(symbol, name) for name in dirt.trades if name not in now.trades]
    database.executemany("DELETE FROM trades WHERE symbol = ? AND trade_id = ?", lost)
    trades = [_trade_row(symbol, trade) for trade in now.trades.values()]
    database.executemany("INSERT OR REPLACE INTO trades VALUES (?, ?, ?, ?, ?, ?)", trades)
    spans: list[tuple[Any, ...]] = []
    if dirt.spans:
        database.execute("DELETE FROM spans WHERE symbol = ?", (symbol,))
        spans = [(symbol, *key, *span) for key, found in now.spans.items() for span in found]
        database.executemany("INSERT INTO spans VALUES (?, ?, ?, ?, ?)", spans)
    return len(gone) + len(rows) + len(lost) + len(trades) + len(spans)


def _bar_row(symbol: str, place: Place, kept: KeptBar) -> tuple[Any, ...]:
    prices = (plain_text(number) for number in kept.bar[1:])
    first, last = (
        (None, None) if order is None else (microseconds(order[0]), order[2]) for order in (kept.first, kept.last)
    )
    return (symbol, *place, *prices, int(kept.complete), *first, *last)


def _trade_row(symbol: str, trade: VenueTrade) -> tuple[Any, ...]:
    at = microseconds(trade.venue_time)
    return symbol, trade.trade_id, plain_text(trade.price), plain_text(trade.quantity), trade.side, at


def _series(database: sqlite3.Connection, symbol: str) -> KeptSeries:
    bars = database.execute("SELECT * FROM bars WHERE symbol = ?", (symbol,))
    trades = database.execute("SELECT * FROM trades WHERE symbol = ?", (symbol,))
    spans = database.execute("SELECT * FROM spans WHERE symbol = ? ORDER BY since", (symbol,))
    return KeptSeries(_bars(bars), {trade.trade_id: trade for trade in map(_trade, trades)}, _spans(spans))


def _bars(rows: Iterable[tuple[Any, ...]]) -> Bars:
    return dict(_bar(row) for row in rows)


def _bar(row: tuple[Any, ...]) -> tuple[Place, KeptBar]:
    _, kind, resolution, start, *prices, complete, first_at, first_id, last_at, last_id = row
    opened, high, low, close, volume = (Decimal(text) for text in prices)
    if not (0 < low <= min(opened, close) <= max(opened, close) <= high and volume >= 0 and high.is_finite()):
        raise ValueError(f"a bar of {resolution} at {start}")
    bar = Bar(int(start), opened, high, low, close, volume)
    kept = KeptBar(bar, bool(complete), _order(first_at, first_id), _order(last_at, last_id))
    if (kind == "grown") != (kept.first is not None and kept.last is not None):
        raise ValueError(f"a bar of kind {kind} at {start}")
    return _place(kind, resolution, int(start)), kept


def _place(kind: str, resolution: str, start: int) -> Place:
    if kind not in _KINDS or resolution not in RESOLUTIONS:
        raise ValueError(f"a bar of kind {kind} and resolution {resolution}")
    return Place(cast(BarKind, kind), resolution, start)


def _trade(row: tuple[Any, ...]) -> VenueTrade:
    _, name, price, quantity, side, at = row
    if side not in _SIDES or not (Decimal(price) > 0 and Decimal(quantity) >= 0):
        raise ValueError(f"a trade {name}")
    return VenueTrade(name, Decimal(price), Decimal(quantity), side, moment(at))


def _spans(rows: Iterable[tuple[Any, ...]]) -> SpansByKind:
    """Returns the spans; a resolution of which some are kept has no others."""
    found: SpansByKind = {}
    kinds: tuple[SpanKind, ...] = get_args(SpanKind)
    for _, kind, resolution, since, until in rows:
        if kind not in kinds or resolution not in RESOLUTIONS or not since < until:
            raise ValueError(f"a span of kind {kind} and resolution {resolution}")
        found.setdefault((kind, resolution), []).append((float(since), float(until)))
    return found


def _order(at: int | None, name: str | None) -> Order | None:
    return None if at is None or name is None else (moment(at), len(name), name)
