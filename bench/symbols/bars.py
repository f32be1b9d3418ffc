"""The memory that the bars of one pair take, once all of its past was fetched. Argument: the number of pairs to fill.

The venue of the other rows has no past: fetching it takes minutes, within the limits on calls.
"""

from __future__ import annotations

import json
import sys
import time
from random import Random
from typing import Any

from bench.symbols.running import memory_mib
from marketdata.state.candles import DAY, MINUTE
from marketdata.state.candlestore import CandleStore
from marketdata.venues.btcturk import bar_answers
from marketdata.venues.btcturk.history import DAYS_ASKED

MINUTES = 1_500


def minutes(rng: Random, now: int) -> bytes:
    """Returns an answer of the chart host: the last minutes of a pair."""
    starts = list(range(now - MINUTES * MINUTE, now, MINUTE))
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
        store.merge_minutes(
            name, bar_answers.minutes(minutes(rng, now)).rows, since=now - MINUTES * MINUTE, asked_at=now
        )
        store.merge_days(name, bar_answers.days(days(rng, now)).rows, asked_at=now)
        before = before if number else memory_mib()
    print((memory_mib() - before) / count)


if __name__ == "__main__":
    main(int(sys.argv[1]))
