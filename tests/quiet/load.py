"""The use of a busy stack: orders that rest far below the market, and streams that somebody reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import cycle, islice

import urllib3

from common import wire
from common.answers import Instruments
from common.decimals import plain_text
from common.wire import Instrument
from tests.stack.stack import Stack

BELOW = Decimal("0.7")
"""The price of an order that rests, as a share of the bid: no believable half hour brings the market there."""
ABOVE_LEAST = Decimal("1.5")
CLIENTS = 4
ORDERS_PER_SECOND = 60.0
"""Well below SPARK_MAX_ORDERS_PER_SECOND: an order that is denied keeps its id, and counts as an order."""
LONGEST_SECONDS = 600.0
EXECUTORS = ("executor-1", "executor-2")


@dataclass(frozen=True)
class Resting:
    """An order that rests: its symbol, and its quantity and limit price as texts."""

    symbol: str
    quantity: str
    price: str


def resting(instrument: Instrument, bid: Decimal) -> Resting:
    """Returns the cheapest buy order for an instrument that rests far below its bid."""
    price = (bid * BELOW / instrument.tick_size).to_integral_value(ROUND_FLOOR) * instrument.tick_size
    least = instrument.min_notional * ABOVE_LEAST / price
    lots = max(Decimal(1), (least / instrument.lot_size).to_integral_value(ROUND_CEILING))
    return Resting(instrument.symbol, plain_text(lots * instrument.lot_size), plain_text(price))


def rest(stack: Stack, count: int) -> int:
    """Places so many orders at both executors; returns how many rest then."""
    found = wire.decode(Instruments, stack.ask("GET", "marketdata", "/v1/instruments").body)
    quotes = {each["symbol"]: each for each in stack.get("marketdata", "/v1/quotes")["quotes"]}
    kinds = [
        resting(each, Decimal(quotes[each.symbol]["bid"]))
        for each in found.instruments
        if each.symbol.startswith("BTCTURK:") and quotes.get(each.symbol, {}).get("bid")
    ]
    pace, ends = Pace(ORDERS_PER_SECOND), time.monotonic() + LONGEST_SECONDS

    def place(number: int, kind: Resting) -> bool:
        pace.wait()
        if time.monotonic() > ends:
            return False
        terms = {"symbol": kind.symbol, "type": "limit", "quantity": kind.quantity, "limit_price": kind.price}
        answer = stack.order(EXECUTORS[number % 2], f"quiet-{number}", **terms)
        if answer.status != 201 or answer.json["status"] != "accepted":
            raise AssertionError(f"order {number} was answered {answer.status}: {answer.body[:300]!r}")
        return True

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sum(pool.map(place, range(count), islice(cycle(kinds), count)))


class Pace:
    """Lets so many through in each second, at even distances; what a stall missed is not made up for."""

    def __init__(self, per_second: float) -> None:
        self._distance = 1 / per_second
        self._lock = threading.Lock()
        self._next = time.monotonic()

    def wait(self) -> None:
        with self._lock:
            self._next = max(self._next + self._distance, time.monotonic())
            seconds = self._next - time.monotonic()
        time.sleep(max(0.0, seconds))


@dataclass
class Streams:
    """Streams that are open and read.

    refused: those that were not opened.
    ended: those that ended while they were read.
    bytes: what all have brought.
    """

    refused: int = 0
    ended: int = 0
    bytes: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, pool: urllib3.PoolManager, url: str) -> None:
        """Opens one and reads it until all stop."""
        answer = pool.request("GET", url, preload_content=False)
        if answer.status != 200:
            with self.lock:
                self.refused += 1
            return
        try:
            while not self.stop.is_set():
                brought = answer.read1()
                if not brought:
                    break
                with self.lock:
                    self.bytes += len(brought)
        except urllib3.exceptions.HTTPError:
            pass
        finally:
            answer.close()
            if not self.stop.is_set():
                with self.lock:
                    self.ended += 1


@contextmanager
def streams(stack: Stack, wanted: dict[str, int]) -> Iterator[Streams]:
    """Has streams open: how many of each address, given as `service/path`."""
    found = Streams()
    pool = urllib3.PoolManager(
        retries=False, timeout=urllib3.Timeout(connect=15, read=60), maxsize=sum(wanted.values()), num_pools=8
    )
    urls = [stack.url(*_apart(place)) for place, count in wanted.items() for _ in range(count)]
    threads = [threading.Thread(target=found.read, args=(pool, url), daemon=True) for url in urls]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    try:
        yield found
    finally:
        found.stop.set()
        for thread in threads:
            thread.join(30)


def _apart(place: str) -> tuple[str, str]:
    service, _, path = place.partition("/")
    return service, f"/{path}"
