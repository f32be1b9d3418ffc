"""Whatever a client sends to an executor, the fault is the client's: nothing is answered with a 5xx."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.common.nasty import failures
from tests.executor import postgres
from tests.executor.standin import TOKEN, Executor, make_executor, market_data, serving

pytestmark = pytest.mark.slow

PARAMETERS = ("limit", "before", "status", "symbol", "side", "from", "to", "client_order_id", "kind")
FIELDS = (
    *("reason", "scope", "state", "engaged", "limits", "amount", "currency"),
    *("client_key", "quantity", "symbol", "orders", "client_order_id"),
)


@pytest.fixture
def executor(postgres_server: postgres.Server) -> Iterator[Executor]:
    with serving(market_data()) as data:
        executor = make_executor(postgres_server.new_place(), data)
        executor.start_writing()
        yield executor
        executor.close()


def test_nasty_paths_parameters_headers_and_bodies_are_no_failure_of_ours(executor: Executor) -> None:
    assert failures(executor.app, TOKEN, parameters=PARAMETERS, fields=FIELDS) == []
