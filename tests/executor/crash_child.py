"""A child that trades and dies by SIGKILL at a named point. Arguments: URL PASSWORD MARKETDATA_URL ACTION WHEN POINT.

ACTION is one of `ACTIONS`; WHEN is `before` or `after` the first call of POINT, a dotted name.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from common.wire import OrderRequest
from executor.adjustment_messages import TransferRequest, WriteOffRequest
from executor.adjustments import transfer, write_off
from executor.batches import submit_all
from executor.cancel import cancel
from executor.ledger.listing import OrderFilter
from executor.orders import ReplaceRequest
from executor.preview import preview
from executor.preview_messages import PreviewRequest
from executor.submit import replace, submit
from tests.common.local import eventually
from tests.executor.standin import BTCTRY, Executor, MarketData, Place, make_executor


def place_order(executor: Executor) -> None:
    """A market order that takes two levels."""
    request = OrderRequest(client_order_id="key", symbol=BTCTRY, side="buy", type="market", quantity=Decimal(3))
    submit(request, executor.trading)


def replace_resting(executor: Executor) -> None:
    """The resting order, at a price that takes two levels."""
    request = ReplaceRequest(client_order_id="key", quantity=Decimal(3), limit_price=Decimal("100.2"))
    replace(resting(executor), request, executor.trading)


def match_resting(executor: Executor) -> None:
    """What crosses is filled by the matcher."""
    executor.trading.watch_equity()
    executor.matcher.match(BTCTRY)


def cancel_resting(executor: Executor) -> None:
    """The resting order ends."""
    cancel(resting(executor), executor.trading.ledger)


def place_batch(executor: Executor) -> None:
    """A market order that takes two levels, and one that rests."""
    taking = {"client_order_id": "key", "symbol": BTCTRY, "side": "buy", "type": "market", "quantity": "3"}
    rest = {"client_order_id": "rest", "symbol": BTCTRY, "side": "buy", "type": "limit"}
    resting = {**rest, "quantity": "1", "limit_price": "99"}
    found = submit_all([msgspec.Raw(msgspec.json.encode(each)) for each in (taking, resting)], executor.trading)
    assert all(answer.status in (200, 201) for answer in found.answers)


def deposit(executor: Executor) -> None:
    """A thousand more."""
    asked = TransferRequest(client_key="key", currency="TRY", amount=Decimal(1000), reason="more")
    transfer("deposit", asked, executor.trading)


def write_the_rest_off(executor: Executor) -> None:
    """All that is held."""
    write_off(WriteOffRequest(client_key="key", symbol=BTCTRY, reason="worthless"), executor.trading)


def preview_order(executor: Executor) -> None:
    """A market order that would take two levels."""
    asked = PreviewRequest(symbol=BTCTRY, side="buy", type="market", quantity=Decimal(3), client_order_id="key")
    preview(asked, executor.trading)


ACTIONS: dict[str, Callable[[Executor], None]] = {
    "order": place_order,
    "replace": replace_resting,
    "match": match_resting,
    "cancel": cancel_resting,
    "batch": place_batch,
    "deposit": deposit,
    "write_off": write_the_rest_off,
    "preview": preview_order,
}


def resting(executor: Executor) -> str:
    """The id of the one order that rests."""
    [order] = executor.trading.ledger.list_orders(OrderFilter(status="open"), 10).items
    return order.order_id


def die_at(when: str, point: str) -> None:
    """Has the process killed before or after the first call of a function or method."""
    module, owner, name = _home(point)
    holder: Any = getattr(module, owner) if owner else module
    honest = getattr(holder, name)

    def deadly(*arguments: Any, **named: Any) -> Any:
        if when == "after":
            honest(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(holder, name, deadly)


def _home(point: str) -> tuple[Any, str, str]:
    path, _, name = point.rpartition(".")
    try:
        return importlib.import_module(path), "", name
    except ModuleNotFoundError:
        module, _, owner = path.rpartition(".")
        return importlib.import_module(module), owner, name


def main(url: str, password: str, marketdata: str, action: str, when: str, point: str) -> None:
    """Ends by the kill; reaching the end is a failure of the test that asked for it."""
    executor = make_executor(Place(url, password), MarketData(url=marketdata))
    eventually(lambda: executor.trading.ledger.step() and executor.trading.ledger.writer.reign)
    die_at(when, point)
    ACTIONS[action](executor)
    print(f"{point} was never reached", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
