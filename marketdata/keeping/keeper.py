"""Writes the changes of all bars to their file every second, and takes the file over at the start."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Collection
from pathlib import Path

from common.loop import Loop
from marketdata.keeping.barfile import MOST_BYTES, BarFile, DamagedFile
from marketdata.nets import SafetyNet
from marketdata.state.candlestore import CandleStore
from marketdata.state.kept import Changes
from marketdata.state.store import Store

log = logging.getLogger(__name__)

EVERY_SECONDS, RETRY_SECONDS, SILENT_SECONDS = 1.0, 5.0, 60.0
BATCH_ROWS = 5_000
FORGOTTEN_SECONDS = 90 * 86_400.0
"""A symbol that is followed no more is forgotten when its newest bar is so old."""
FILE = "bars.sqlite"


class BarKeeper:
    """Keeps the bars and the latest trades. The feeds never wait for it: it asks for what changed since it last did.

    What can't be written stays a change, so that a full disk costs nothing but the restart's bars. Without a folder
    nothing is kept.

    loop: writes.
    net: works while changes can be written.
    on: true when there is a folder to keep anything in.
    rows: the rows written since the start.
    set_aside: the damaged files that were set aside since the start.
    """

    def __init__(
        self, candles: CandleStore, folder: Path | None, *, unix: Callable[[], float], most_bytes: int = MOST_BYTES
    ) -> None:
        self._candles, self._unix = candles, unix
        self._file = BarFile((folder or Path()) / FILE, most_bytes)
        self.on = folder is not None and folder.is_dir()
        self.net = SafetyNet("bar_store")
        self.rows = self.set_aside = 0
        self.loop = Loop("bar-keeper", self.step, silent_after=SILENT_SECONDS)

    def restore(self, store: Store) -> None:
        """Takes over what an earlier start kept: bars, gaps, and the latest trades. A damaged file is set aside."""
        if not self.on:
            log.warning("bars are not kept: there is no folder for them, or it is a replay")
            return
        try:
            self._file.forget(self._candles.symbols, self._unix() - FORGOTTEN_SECONDS)
            self._take_over(store, self._candles.symbols)
        except DamagedFile as error:
            self._begin_anew(error)
        except (sqlite3.Error, OSError) as error:
            self._failed(error)

    def recall(self, store: Store, symbol: str) -> None:
        """Takes over what was kept of one symbol that is followed now. Any thread may call it."""
        if not self.on:
            return
        try:
            self._take_over(store, (symbol,), checked=False)
        except (DamagedFile, sqlite3.Error, OSError) as error:
            log.warning("kept bars can't be read", extra={"symbol": symbol, "reason": str(error)})

    def step(self) -> float:
        """Writes what changed. Returns the seconds to pause."""
        batch: list[Changes] = []
        names = 0
        try:
            for symbol in self._candles.untaken:
                changes = self._candles.take(symbol)
                if changes is not None:
                    batch.append(changes)
                    names += len(changes.dirt.bars) + len(changes.dirt.trades)
                if names >= BATCH_ROWS:
                    self._write(batch)
                    names = 0
            self._write(batch)
        except DamagedFile as error:
            self._begin_anew(error)
            return EVERY_SECONDS
        except (sqlite3.Error, OSError) as error:
            for changes in batch:
                self._candles.put_back(changes)
            self._file.close()
            self._failed(error)
            return RETRY_SECONDS
        self.net.worked()
        return EVERY_SECONDS

    def _take_over(self, store: Store, symbols: Collection[str], *, checked: bool = True) -> None:
        for symbol, kept in self._file.load(symbols, checked=checked):
            if any(kept):
                store.restore_trades(symbol, self._candles.restore(symbol, kept), self._unix())

    def _write(self, batch: list[Changes]) -> None:
        if batch:
            self.rows += self._file.write(batch)
            batch.clear()

    def _begin_anew(self, error: DamagedFile) -> None:
        """Sets the damaged file aside, and has everything that is known written to a new one."""
        self.net.failed(f"the file was damaged: {error}")
        self.set_aside += 1
        log.error("the file of bars is damaged and is set aside", extra={"reason": str(error)})
        try:
            self._file.set_aside()
        except OSError as failure:
            self._failed(failure)
        self._candles.soil()

    def _failed(self, error: Exception) -> None:
        self.net.failed(f"{type(error).__name__}: {error}")
        log.warning("bars could not be kept", extra={"reason": str(error)})
