"""The cost of orders that rest: the same requests with none, with 10,000 and with 100,000 of them, and their memory."""

from __future__ import annotations

from bench.order_place import Places, durable, fill
from bench.order_runs import Measured, asked, running, still_market, writer_of
from bench.rows import Row, row
from bench.symbols.running import memory_mib

OPEN, MOST_OPEN = 10_000, 100_000
CLIENTS, RUNS = 16, 9
NAMES = {"orders": "order", "cancels": "cancel", "looks": "look"}


def measure() -> list[Row]:
    """Each figure with so many open orders; its baseline is the same with none, in the same run."""
    with durable() as places:
        return [row for resting in (OPEN, MOST_OPEN) for row in _with(resting, places)]


def _with(resting: int, places: Places) -> list[Row]:
    full, empty = places.new(), places.new()
    fill(full, resting, resting=True)
    found: dict[str, dict[int, list[Measured]]] = {kind: {resting: [], 0: []} for kind in NAMES}
    memory: dict[int, list[float]] = {resting: [], 0: []}
    for run in range(RUNS):
        pairs = ((0, empty), (resting, full))
        for count, place in pairs if run % 2 else reversed(pairs):  # a machine that slows down must not favour one
            with still_market() as data, running(place, data) as pair:
                for kind in NAMES:
                    found[kind][count].append(asked(pair, kind, CLIENTS))
                memory[count].append(memory_mib(writer_of(pair).worker()))
    rows = [row(f"writer_mib_open_{resting}", memory[resting], "MiB", memory[0])]
    for kind, name in NAMES.items():
        figures, none = found[kind][resting], found[kind][0]
        rates = [[one["rate"] for one in each] for each in (figures, none)]
        rows.append(row(f"{kind}_per_second_{CLIENTS}_open_{resting}", rates[0], "1/s", rates[1]))
        for share in ("p50", "p95"):
            values = [[one[share] for one in each] for each in (figures, none)]
            rows.append(row(f"{name}_{share}_ms_{CLIENTS}_open_{resting}", values[0], "ms", values[1]))
    return rows
