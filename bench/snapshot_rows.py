"""The duration of an append while somebody holds a snapshot of the ledger open for a minute, under load."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from decimal import Decimal

import psycopg

from bench.order_place import SYMBOLS, Place, durable, ledger_at
from bench.rows import Row, row
from common.wire import OrderRequest
from executor.ledger.append import Append
from executor.store import Ledger
from executor.writer.transaction import Transaction

RUNS = 3
HELD_SECONDS = float(os.environ.get("BENCH_HELD_SECONDS", "60"))
LAST_SECONDS = HELD_SECONDS / 6


def measure() -> list[Row]:
    """The p50 of the appends of the last sixth of that minute; its baseline is the same without the snapshot."""
    held, free = [], []
    with durable() as places:
        for _ in range(RUNS):
            free.append(_append_p50(places.new(), hold=False))
            held.append(_append_p50(places.new(), hold=True))
    return [row("append_p50_ms_snapshot_held", held, "ms", free)]


def _append_p50(place: Place, *, hold: bool) -> float:
    with ledger_at(place) as ledger, ExitStack() as ending:
        if hold:
            snapshot = ending.enter_context(psycopg.connect(place.dsn))
            snapshot.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            snapshot.execute("SELECT count(*) FROM events")
        return _p50(ledger)


def _p50(ledger: Ledger) -> float:
    reign = ledger.writer.reign
    assert reign is not None
    times: list[tuple[float, float]] = []
    appender, begun = reign._appender, [0.0]
    send, answer = appender.send, appender.answer

    def sent(batch: Append) -> None:
        begun[0] = time.perf_counter()
        send(batch)

    def answered() -> Sequence[str]:
        known = answer()
        times.append((begun[0], time.perf_counter() - begun[0]))
        return known

    appender.send, appender.answer = sent, answered  # type: ignore[method-assign]
    end, number, beat = time.perf_counter() + HELD_SECONDS, 0, 0.0
    while (now := time.perf_counter()) < end:
        number += 1
        ledger.do(lambda transaction, number=number: _record(transaction, number))  # type: ignore[misc]
        if now > beat:
            beat = now + ledger.step()
    return 1000 * statistics.median(took for at, took in times if at > end - LAST_SECONDS and took)


def _record(transaction: Transaction, number: int) -> None:
    """An order that is denied, and anchors that move: a row that is changed again and again."""
    request = OrderRequest(
        client_order_id=f"n{number}", symbol=SYMBOLS[0], side="buy", type="market", quantity=Decimal(1)
    )
    transaction.deny(transaction.receive(request, None, 0.0), ())
