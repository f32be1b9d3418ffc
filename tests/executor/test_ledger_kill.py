"""SIGKILL in the middle of trading: everything acknowledged is there, nothing twice, and the ledger proves itself."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from executor.ledger.engine import reading
from executor.ledger.verify import verify
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import BTCTRY, MarketData, Place

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ACKNOWLEDGED = 12
DEADLINE_SECONDS = 30.0
CHILD = """
import sys
from tests.executor.standin import MarketData, Place, make_executor
executor = make_executor(Place(sys.argv[1], sys.argv[2]), MarketData(url=sys.argv[3]))
executor.start_writing()
for number in range(100_000):
    key = f"{sys.argv[4]}-{number}"
    status, order = executor.order(client_order_id=key, type="limit", quantity="0.1", limit_price="100.2")
    if status in (200, 201):
        print(key, order["order_id"], flush=True)
"""


def _trade_until_killed(place: Place, data: MarketData, prefix: str) -> dict[str, str]:
    """Runs a trading child, kills it after some answers; what it acknowledged, key to order id."""
    arguments = [sys.executable, "-c", CHILD, place.url, place.password, data.url, prefix]
    child = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    lines: list[str] = []
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(lines) < ACKNOWLEDGED:
        assert time.monotonic() < deadline
        line = child.stdout.readline()
        assert line, "the child ended by itself"
        lines.append(line)
    child.kill()
    lines += child.stdout.readlines()
    child.stdout.close()
    child.wait()
    return dict(line.split() for line in lines if line.endswith("\n"))


def test_what_was_acknowledged_before_a_kill_is_in_the_ledger(
    make: MakeExecutor, place: Place, marketdata: MarketData
) -> None:
    marketdata.put(BTCTRY, [("100", "2")], [("100.1", "1000000")])
    acknowledged = _trade_until_killed(place, marketdata, "first")
    executor = make(place)
    orders = executor.get("/v1/orders?limit=500")["orders"]
    found = {order["client_order_id"]: order["order_id"] for order in orders}
    assert acknowledged.items() <= found.items()
    assert len(found) <= len(acknowledged) + 1
    assert {order["status"] for order in orders} == {"filled"}
    with reading(executor.trading.ledger._engine) as connection:
        [proof] = verify(lambda: nullcontext(connection))
    assert proof.orders == len(orders)
    status, again = executor.order(
        client_order_id="first-0", side="buy", type="limit", quantity="0.1", limit_price="100.2"
    )
    assert (status, again["order_id"]) == (200, acknowledged["first-0"])
