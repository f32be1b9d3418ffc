"""Whatever a client sends to an executor, the fault is the client's: nothing is answered with a 5xx."""

from __future__ import annotations

import pytest

from tests.common.nasty import failures
from tests.executor.standin import TOKEN, Executor

pytestmark = pytest.mark.slow

PARAMETERS = ("limit", "before", "status", "symbol", "side", "from", "to", "client_order_id", "kind")
FIELDS = (
    *("reason", "scope", "state", "engaged", "limits", "amount", "currency"),
    *("client_key", "quantity", "symbol", "orders", "client_order_id"),
)


def test_nasty_paths_parameters_headers_and_bodies_are_no_failure_of_ours(door: Executor) -> None:
    assert failures(door.app, TOKEN, parameters=PARAMETERS, fields=FIELDS) == []
