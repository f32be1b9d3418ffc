"""The served OpenAPI document is true: no call answers otherwise than it says, whatever is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error

from executor.ledger import events
from executor.openapi import KINDS, document
from tests.common.document_checks import checks_of
from tests.common.local import http_server
from tests.executor import postgres
from tests.executor.standin import TOKEN, Executor, make_executor, market_data, serving

pytestmark = pytest.mark.slow

DOCUMENT = "/v1/openapi.json"


@pytest.fixture(scope="module")
def door(postgres_server: postgres.Server) -> Iterator[Executor]:
    """One executor for all calls, with an order that rests and one that was filled."""
    with serving(market_data()) as data:
        executor = make_executor(postgres_server.new_place(), data)
        executor.start_writing()
        executor.order(client_order_id="filled")
        executor.limit("resting", "buy", "1", "99")
        yield executor
        executor.close()


@pytest.fixture(scope="module")
def url(door: Executor) -> Iterator[str]:
    """Where the executor is served."""
    with http_server(door.app) as served:
        yield served


schema = schemathesis.openapi.from_dict(document("0")).exclude(operation_id="streamOrders")
"""A stream has no end, so that waiting for its answer has none; `test_order_stream` asks it."""


@schema.parametrize()
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_answer_is_one_that_the_document_does_not_know(case: Any, url: str) -> None:
    case.call_and_validate(
        base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, checks=checks_of(case, not_a_server_error)
    )


@schema.parametrize()
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
def test_without_the_token_a_guarded_call_is_refused_as_the_document_says(case: Any, url: str) -> None:
    answer = case.call(base_url=url, headers={"Authorization": "Bearer wrong"})
    if case.method.upper() == case.operation.method.upper():
        guarded = "security" in case.operation.definition.raw
        assert (answer.status_code == 401) == guarded


def test_every_call_is_in_the_document_and_every_call_of_it_exists(door: Executor) -> None:
    told = {(method.upper(), path) for path, calls in door.get(DOCUMENT)["paths"].items() for method in calls}
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in door.app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith("/v1/") and rule.rule != DOCUMENT and method not in ("HEAD", "OPTIONS")
    }
    assert told == routes


def test_every_kind_of_event_can_be_asked_for() -> None:
    assert set(KINDS) == {kind.__struct_config__.tag for kind in get_args(events.Content)}


def test_answers_of_a_real_day_are_as_the_document_says(door: Executor) -> None:
    """The messages on the wire have the fields that the schemas require, and no others."""
    schemas = door.get(DOCUMENT)["components"]["schemas"]
    for path, name in (
        ("/v1/valuation", "Valuation"),
        ("/v1/account", "AccountStatus"),
        ("/v1/positions", "Positions"),
        ("/v1/orders", "Orders"),
    ):
        assert set(door.get(path)) == set(schemas[name]["properties"])
    [order] = [order for order in door.get("/v1/orders")["orders"] if order["client_order_id"] == "filled"]
    assert set(order) == set(schemas["Order"]["properties"])
