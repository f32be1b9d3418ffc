"""Durable orders per second over HTTP through both executors, beside a door that does nothing and bare transactions.

With `--against FOLDER` the code of another checkout is measured in the same run, and is the baseline of the rows that
end with `_to_before`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.order_ceilings import transactions_per_second
from bench.order_place import Places, durable
from bench.order_runs import SECONDS, Measured, through_executors, through_the_door
from bench.rows import Row, row

CLIENTS = (1, 4, 16)
BATCH_CLIENTS = 16
RUNS = 5
SHARES = ("p50", "p95", "p99")
AGAINST: list[Path] = []
"""The folder of the other checkout; empty for none."""


def measure() -> list[Row]:
    """Rates with the lower of the two ceilings as the baseline, and latencies with the door's."""
    with durable() as places:
        rows = [row for clients in CLIENTS for row in _with(clients, places)]
        return [*rows, _batches(places)]


def _with(clients: int, places: Places) -> list[Row]:
    """Everything is measured in turn, each run on ledgers of its own."""
    ours: list[Measured] = []
    doors: list[Measured] = []
    before: list[Measured] = []
    bare: list[float] = []
    for _ in range(RUNS):
        doors.append(through_the_door(clients))
        ours.append(through_executors(places.new(), "orders", clients))
        before += [through_executors(places.new(), "orders", clients, root) for root in AGAINST]
        bare.append(transactions_per_second(places.new().dsn, clients, SECONDS))
    return [*_rows(clients, ours, doors, bare), *_before(clients, before, ours)]


def _rows(clients: int, ours: list[Measured], doors: list[Measured], bare: Sequence[float]) -> list[Row]:
    rates = [one["rate"] for one in doors]
    return [
        row(f"bare_transactions_per_second_{clients}", bare, "1/s"),
        row(f"bare_requests_per_second_{clients}", rates, "1/s"),
        row(f"orders_per_second_{clients}", [one["rate"] for one in ours], "1/s", rates),
        *(
            row(f"order_{share}_ms_{clients}", [one[share] for one in ours], "ms", [one[share] for one in doors])
            for share in SHARES
        ),
    ]


def _before(clients: int, before: list[Measured], ours: list[Measured]) -> list[Row]:
    """This code's figures beside those of the other checkout; the ratio is this one's to the other's."""
    if not before:
        return []
    units = {"rate": "1/s", **dict.fromkeys(SHARES, "ms")}
    names = {"rate": f"orders_per_second_{clients}_to_before"}
    names |= {share: f"order_{share}_ms_{clients}_to_before" for share in SHARES}
    return [
        row(names[name], [one[name] for one in ours], unit, [one[name] for one in before])
        for name, unit in units.items()
    ]


def _batches(places: Places) -> Row:
    """Orders per second in batches, and one by one as the baseline."""
    batches, single = [], []
    for _ in range(RUNS):
        batches.append(through_executors(places.new(), "batches", BATCH_CLIENTS)["rate"])
        single.append(through_executors(places.new(), "orders", BATCH_CLIENTS)["rate"])
    return row("orders_per_second_batch", batches, "1/s", single)
