"""The memory that the bars of one pair take, once all of its past was fetched. Argument: the number of pairs to fill.

The venue of the other rows has no past: fetching it takes minutes, within the limits on calls.
"""

from __future__ import annotations

import json
import math
import sys
import time
from random import Random
from typing import Any

from bench.symbols.running import memory_mib
from marketdata.state.bars import DAY, LENGTHS, MINUTE, MOST_BARS
from marketdata.state.candlestore import CandleStore
from marketdata.state.told import Wanted
from marketdata.venues.btcturk import bar_answers
from marketdata.venues.btcturk.history import DAYS_ASKED, LONG


def minutes(rng: Random, now: int, length: int = MINUTE, count: int = MOST_BARS["1m"]) -> bytes:
    """Returns an answer of the chart host: the last minutes of a pair, or the last bars of so many seconds."""
    last = now // length * length
    starts = list(range(last - count * length, last, length))
    columns = {name: [rng.randrange(10**6, 10**7) / 100 for _ in starts] for name in "ohlcv"}
    highs = [max(columns[name][place] for name in "ohlc") for place in range(len(starts))]
    lows = [min(columns[name][place] for name in "ohlc") for place in range(len(starts))]
    return json.dumps({"s": "ok", "t": starts, **columns, "h": highs, "l": lows}).encode()


def days(rng: Random, now: int) -> bytes:
    """Returns an answer of the chart host: the last days of a pair."""
    rows: list[dict[str, Any]] = []
    for start in range(now // DAY * DAY - DAYS_ASKED * DAY, now, DAY):
        low, opened, closed, high = sorted(rng.randrange(10**6, 10**7) / 100 for _ in range(4))
        prices = {"open": opened, "high": high, "low": low, "close": closed, "volume": rng.randrange(1, 10**7) / 1000}
        rows.append({"pair": "P", "time": start, **prices})
    return json.dumps(rows).encode()


def main(count: int) -> None:
    """Prints MiB for each pair."""
    rng, now = Random(1), int(time.time()) // MINUTE * MINUTE
    names = [f"P{number}" for number in range(count + 1)]
    store = CandleStore(names, unix=time.time)
    before = 0.0
    for number, name in enumerate(names):
        for resolution in ("1m", *LONG):
            length, most = LENGTHS[resolution], MOST_BARS[resolution]
            told = bar_answers.minutes(minutes(rng, now, length, most), apart=length)
            wanted = Wanted(told.rows[0].start, math.inf, -math.inf)
            store.merge(name, resolution, told.rows, wanted=wanted, asked_at=now)
        whole = Wanted(now - DAYS_ASKED * DAY, math.inf, -math.inf)
        store.merge(name, "1d", bar_answers.days(days(rng, now)).rows, wanted=whole, asked_at=now)
        store.take(name)
        before = before if number else memory_mib()
    print((memory_mib() - before) / count)


if __name__ == "__main__":
    main(int(sys.argv[1]))
