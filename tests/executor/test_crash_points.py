"""A kill at any step of an order's life leaves all of the step or nothing; asking again makes it whole, and once."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path

import pytest

from executor.ledger.engine import reading
from executor.ledger.verify import verify
from tests.executor.conftest import MakeExecutor
from tests.executor.crash_child import ACTIONS
from tests.executor.projections import assert_projections
from tests.executor.standin import BTCTRY, Executor, MarketData, Place

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TRANSACTION, REIGN, APPEND = (
    "executor.writer.transaction.Transaction",
    "executor.writer.reign.Reign",
    "executor.ledger.append",
)

ON_THE_WAY = [
    ("before", "executor.orders.check"),
    ("after", "executor.quotes.QuoteClient.look"),
    ("after", f"{TRANSACTION}.receive"),
    ("after", "executor.guardrails.check"),
    ("after", f"{TRANSACTION}.accept"),
    ("after", f"{TRANSACTION}.fill"),
]
BEFORE_THE_APPEND = [
    ("before", f"{TRANSACTION}.settle"),
    ("before", f"{REIGN}._send_round"),
    ("before", f"{APPEND}.Appender.send"),
    ("after", f"{REIGN}._seal"),
    ("after", "executor.writer.batch.Batch.to_append"),
    ("after", f"{APPEND}.values_of"),
]
SENT = ("after", f"{APPEND}.Appender.send")
"""The database may still do what it was sent, or refuse it to a writer that has been replaced."""
AFTER_THE_APPEND = [
    ("after", f"{APPEND}.Appender.answer"),
    ("before", f"{REIGN}._pass_on"),
    ("after", f"{REIGN}.do"),
]
SHARED = [("after", f"{REIGN}._seal"), ("after", f"{APPEND}.values_of")]

AFTER_ALL = [*AFTER_THE_APPEND[:-1], ("after", f"{REIGN}.do_all")]
ADJUSTED = [("before", f"{TRANSACTION}.adjust"), ("after", f"{TRANSACTION}.adjust"), *SHARED]

DEATHS = [
    *(("order", False, *point) for point in (*ON_THE_WAY, *BEFORE_THE_APPEND)),
    *(("order", True, *point) for point in AFTER_THE_APPEND),
    *((action, None, *SENT) for action in ACTIONS),
    *(("replace", False, *point) for point in (("after", f"{TRANSACTION}.end"), *SHARED)),
    *(("replace", True, *point) for point in AFTER_THE_APPEND),
    *(("match", False, *point) for point in (("after", f"{TRANSACTION}.fill"), *SHARED)),
    *(("match", True, *point) for point in (*AFTER_THE_APPEND, ("before", "executor.metrics.Metrics.count"))),
    *(("cancel", False, *point) for point in (("after", f"{TRANSACTION}.end"), *SHARED)),
    *(("cancel", True, *point) for point in AFTER_THE_APPEND),
    *(
        ("batch", False, *point)
        for point in (("after", f"{TRANSACTION}.fill"), ("before", f"{TRANSACTION}.settle"), *SHARED)
    ),
    *(("batch", True, *point) for point in AFTER_ALL),
    *(("deposit", False, *point) for point in ADJUSTED),
    *(("deposit", True, *point) for point in AFTER_THE_APPEND),
    *(("write_off", False, *point) for point in ADJUSTED),
    *(("write_off", True, *point) for point in AFTER_THE_APPEND),
    ("preview", False, "after", f"{TRANSACTION}.fill"),
    ("preview", False, "after", f"{REIGN}.rehearse"),
]


def _name(death: tuple[str, bool | None, str, str]) -> str:
    action, _, when, point = death
    return f"{action}-{when}-{point.rpartition('.')[2]}"


@pytest.mark.parametrize(("action", "committed", "when", "point"), DEATHS, ids=map(_name, DEATHS))
def test_a_kill_leaves_all_or_nothing_and_asking_again_makes_it_whole(
    make: MakeExecutor, place: Place, marketdata: MarketData, action: str, committed: bool | None, when: str, point: str
) -> None:
    executor = make(place)
    if action in ("replace", "match", "cancel"):
        executor.limit("resting", "buy", "3", "99.5")
    if action == "write_off":
        executor.order(client_order_id="held", quantity="3")
    if action == "match":
        marketdata.put(BTCTRY, [("99", "2")], [("99.2", "2"), ("99.4", "5")])
    before = _state(executor)
    executor.close()
    child = [sys.executable, "-m", "tests.executor.crash_child", place.url, place.password, marketdata.url]
    died = subprocess.run([*child, action, when, point], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert died.returncode == -9, died.stderr
    restarted = make(place)
    _prove(restarted)
    assert _state(restarted) in (before, WHOLE[action])
    assert committed is None or (_state(restarted) != before) == committed
    _ask_again(action, restarted)
    _prove(restarted)
    assert _state(restarted) == WHOLE[action]


def _ask_again(action: str, executor: Executor) -> None:
    """As a client does that got no answer; a cancel of what is cancelled is refused, and that is an answer."""
    if action == "cancel":
        status, _ = executor.post("/v1/orders/paper-2/cancel")
        assert status in (200, 409)
    elif action == "replace":
        body = {"client_order_id": "key", "quantity": "3", "limit_price": "100.2"}
        assert executor.post("/v1/orders/paper-2/replace", body)[0] in (200, 201)
    else:
        ACTIONS[action](executor)


def _state(executor: Executor) -> dict[str, object]:
    """Every order by its key, with its fills; positions and cash."""
    orders = executor.get("/v1/orders?limit=500")["orders"]
    account = executor.get("/v1/account")
    return {
        "orders": {
            order["client_order_id"]: (order["status"], [(fill["price"], fill["quantity"]) for fill in order["fills"]])
            for order in orders
        },
        "positions": {held["symbol"]: held["quantity"] for held in executor.get("/v1/positions")["positions"]},
        "spent": str(Decimal(5_000_000) - Decimal(account["cash"]["TRY"])),
        "reserved": account["reserved"]["TRY"],
    }


def _prove(executor: Executor) -> None:
    with reading(executor.trading.ledger._engine) as connection:
        verify(lambda: nullcontext(connection))
    assert_projections(executor.trading.ledger)


TAKEN = [("100.1", "2"), ("100.2", "1")]
WHOLE: dict[str, dict[str, object]] = {
    "order": {
        "orders": {"key": ("filled", TAKEN)},
        "positions": {BTCTRY: "3"},
        "spent": "300.7004",
        "reserved": "0",
    },
    "replace": {
        "orders": {"resting": ("cancelled", []), "key": ("filled", TAKEN)},
        "positions": {BTCTRY: "3"},
        "spent": "300.7004",
        "reserved": "0",
    },
    "match": {
        "orders": {"resting": ("filled", [("99.5", "2"), ("99.5", "1")])},
        "positions": {BTCTRY: "3"},
        "spent": "298.64925",
        "reserved": "0",
    },
    "cancel": {"orders": {"resting": ("cancelled", [])}, "positions": {}, "spent": "0", "reserved": "0"},
    "batch": {
        "orders": {"key": ("filled", TAKEN), "rest": ("accepted", [])},
        "positions": {BTCTRY: "3"},
        "spent": "300.7004",
        "reserved": "99.099",
    },
    "preview": {"orders": {}, "positions": {}, "spent": "0", "reserved": "0"},
    "deposit": {"orders": {}, "positions": {}, "spent": "-1000", "reserved": "0"},
    "write_off": {
        "orders": {"held": ("filled", TAKEN)},
        "positions": {BTCTRY: "0"},
        "spent": "300.7004",
        "reserved": "0",
    },
}
