"""What sets orders apart: fill or kill, post-only; and how a list of many is read page by page."""

from __future__ import annotations

from typing import Any

import pytest

from tests.executor.standin import BTCTRY, Executor, MarketData


def test_fill_or_kill_takes_all_or_nothing(executor: Executor) -> None:
    _, killed = executor.order(client_order_id="much", quantity="8", time_in_force="FOK")
    assert (killed["status"], killed["filled_quantity"], killed["fills"]) == ("expired", "0", [])
    _, filled = executor.order(client_order_id="all", quantity="7", time_in_force="FOK")
    assert (filled["status"], filled["filled_quantity"]) == ("filled", "7")
    again, first = executor.order(client_order_id="much", quantity="8", time_in_force="FOK")
    assert (again, first["status"]) == (200, "expired")


def test_a_limit_order_that_is_fill_or_kill_goes_no_further_than_its_price(executor: Executor) -> None:
    killed = executor.limit("two", "buy", "3", "100.1", time_in_force="FOK")
    assert (killed["status"], killed["filled_quantity"]) == ("expired", "0")
    filled = executor.limit("three", "buy", "3", "100.2", time_in_force="FOK")
    assert filled["status"] == "filled"
    assert executor.get("/v1/account")["reserved"]["TRY"] == "0"


def test_what_a_killed_order_did_not_take_is_still_there_for_the_next(executor: Executor) -> None:
    executor.order(client_order_id="killed", quantity="8", time_in_force="FOK")
    _, filled = executor.order(client_order_id="next", quantity="7")
    assert filled["status"] == "filled"


@pytest.mark.parametrize(("side", "rests", "trades"), [("buy", "100", "100.1"), ("sell", "100.1", "100")])
def test_a_post_only_order_rests_or_is_denied(executor: Executor, side: str, rests: str, trades: str) -> None:
    executor.order(client_order_id="have", quantity="5")
    resting = executor.limit("rests", side, "1", rests, post_only=True)
    assert (resting["status"], resting["post_only"]) == ("accepted", True)
    denied = executor.limit("trades", side, "1", trades, post_only=True)
    assert (denied["status"], [denial["code"] for denial in denied["denials"]]) == ("denied", ["POST_ONLY"])


def test_a_post_only_order_is_filled_later_as_a_maker(executor: Executor, marketdata: MarketData) -> None:
    order = executor.limit("maker", "buy", "1", "99.95", post_only=True)
    marketdata.put(BTCTRY, [("99", "2")], [("99.9", "2")])
    executor.matcher.pass_once()
    filled = executor.get(f"/v1/orders/{order['order_id']}")
    assert (filled["status"], filled["average_price"], filled["fees"]) == ("filled", "99.95", "0.049975")


def test_the_same_key_with_another_kind_is_refused(executor: Executor) -> None:
    executor.limit("kind", "buy", "1", "99")
    status, body = executor.order(client_order_id="kind", type="limit", quantity="1", limit_price="99", post_only=True)
    assert (status, body["error"]["details"]["differs"]) == (409, ["post_only"])


def test_a_long_list_is_read_page_by_page_without_gaps_or_repeats(executor: Executor) -> None:
    made = [executor.limit(f"n{number}", "buy", "1", "99")["client_order_id"] for number in range(7)]
    found: list[dict[str, Any]] = []
    page = executor.get("/v1/orders?limit=3")
    found += page["orders"]
    executor.limit("late", "buy", "1", "99")
    while page["next"] is not None:
        page = executor.get(f"/v1/orders?limit=3&before={page['next']}")
        found += page["orders"]
    assert [order["client_order_id"] for order in found] == made[::-1]
    assert executor.get("/v1/orders?limit=8")["next"] is not None
    assert executor.get("/v1/orders?limit=9")["next"] is None


@pytest.mark.parametrize("before", ["0", "-1", "x", "1.5", "", str(2**63)])
def test_a_cursor_that_was_never_given_out_is_refused(door: Executor, before: str) -> None:
    answer = door.client.get(f"/v1/orders?before={before}")
    assert (answer.status_code, answer.get_json()["error"]["details"]["field"]) == (422, "before")
