"""The promises of the ground floor, at the executor's own door: query parameters, the token's scheme, stream slots."""

from __future__ import annotations

from typing import Any

import pytest

from executor.openapi import document
from tests.executor.standin import TOKEN, Executor

READS = [
    (path, [parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"])
    for path, operations in document("0")["paths"].items()
    for method, operation in operations.items()
    if method == "get"
]


class BrokenSocket:
    """A connection whose options can't be set any more."""

    def settimeout(self, _seconds: float) -> None:
        raise OSError("the client is gone")


def test_a_stream_whose_socket_options_can_not_be_set_gives_its_slot_back(executor: Executor) -> None:
    broken: dict[str, Any] = {"gunicorn.socket": BrokenSocket()}
    for _ in range(20):
        answer = executor.client.get("/v1/orders/stream", environ_overrides=broken)
        assert answer.status_code == 499
    assert executor.parts.slots.open == 0
    assert "executor_order_streams 0.0" in executor.client.get("/metrics").text


@pytest.mark.parametrize(("path", "known"), READS, ids=lambda value: value if isinstance(value, str) else "")
def test_an_unknown_query_parameter_is_refused_by_name(door: Executor, path: str, known: list[str]) -> None:
    answer = door.client.get(path.replace("{order_id}", "paper-2") + "?limitt=5")
    assert answer.status_code == 422
    error = answer.get_json()["error"]
    assert error["details"]["field"] == "limitt"
    assert all(name in error["message"] for name in known)


def test_a_query_parameter_of_a_write_is_refused_and_nothing_is_done(executor: Executor) -> None:
    before = executor.get("/v1/account")["sequence"]
    status, body = executor.post("/v1/orders/cancel-all?symbol=BTCTURK:BTCTRY", {})
    assert (status, body["error"]["details"]["field"]) == (422, "symbol")
    assert executor.get("/v1/account")["sequence"] == before


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer"])
def test_the_scheme_of_the_token_may_be_written_in_any_letters(executor: Executor, scheme: str) -> None:
    answer = executor.client.post("/v1/orders/cancel-all", json={}, headers={"Authorization": f"{scheme} {TOKEN}"})
    assert answer.status_code == 200
