"""Both venues on the running stack: live, tradable, with a past, and back by themselves after the venue is killed."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal
from typing import Any

from tests.stack.stack import Stack

SHARE, PAIR = "BIST:THYAO", "BTCTURK:BTCTRY"


def feeds(stack: Stack) -> dict[str, dict[str, Any]]:
    return {row["venue"]: row for row in stack.get("marketdata", "/v1/feeds")["feeds"]}


def all_live(stack: Stack) -> bool:
    return {row["state"] for row in feeds(stack).values()} == {"live"}


def test_both_feeds_are_live_and_prometheus_says_the_same(healthy: Stack) -> None:
    healthy.wait(lambda: all_live(healthy), 60, lambda: f"both feeds live, they are {feeds(healthy)}")
    assert set(feeds(healthy)) == {"BTCTURK", "BIST"}

    def seen() -> set[str]:
        answer = healthy.get("prometheus", '/api/v1/query?query=marketdata_feed_state{state="live"}==1')
        return {one["metric"]["venue"] for one in answer["data"]["result"]}

    healthy.wait(lambda: seen() == {"BTCTURK", "BIST"}, 60, lambda: f"both live in Prometheus, there are {seen()}")


def test_a_share_is_bought_at_a_price_of_the_book_shown(healthy: Stack) -> None:
    healthy.wait(lambda: all_live(healthy), 60, "both feeds live")
    book = healthy.get("marketdata", f"/v1/books/{SHARE}?depth=10")
    answer = healthy.order("executor-1", f"share-{uuid.uuid4()}", symbol=SHARE, quantity="5")
    order = answer.json
    assert (answer.status, order["status"]) == (201, "filled")
    lowest, highest = (
        Decimal(book["asks"][index][0]) * factor for index, factor in ((0, Decimal("0.98")), (-1, Decimal("1.02")))
    )
    assert lowest <= Decimal(order["average_price"]) <= highest
    seen = healthy.get("executor-2", f"/v1/orders/{order['order_id']}")
    assert seen["filled_quantity"] == order["filled_quantity"]


def test_there_is_a_past_of_a_year_and_of_minutes(healthy: Stack) -> None:
    def bars(resolution: str) -> list[dict[str, Any]]:
        return list(healthy.get("marketdata", f"/v1/candles/{PAIR}?resolution={resolution}&limit=500")["candles"])

    healthy.wait(lambda: len(bars("1d")) >= 250 and len(bars("1m")) >= 250, 60, "250 daily and 250 minute bars")
    assert all(Decimal(bar["low"]) <= Decimal(bar["close"]) <= Decimal(bar["high"]) for bar in bars("1d"))


def test_both_feeds_come_back_after_the_venue_is_killed(healthy: Stack) -> None:
    healthy.wait(lambda: all_live(healthy), 60, "both feeds live")
    before = healthy.kill("venue")
    healthy.wait_restarted("venue", before)
    healthy.wait(
        lambda: all_live(healthy), 150, lambda: f"both feeds live again, they are {json.dumps(feeds(healthy))}"
    )


def test_symbols_are_added_and_removed_without_a_restart_and_kept_over_one(healthy: Stack) -> None:
    added, removed = {"BTCTURK:INJTRY", "BIST:QUGIN"}, {"BTCTURK:ETHUSDT", "BIST:TUPRS"}

    def call(command: str, symbols: set[str]) -> str:
        return healthy.run("make", "symbols", f"{command}={','.join(symbols)}").stdout

    def quotes(service: str, path: str) -> dict[str, dict[str, Any]]:
        return {quote["symbol"]: quote for quote in healthy.get(service, path)["quotes"]}

    def done() -> bool:
        seen = quotes("marketdata", "/v1/quotes")
        return not removed & set(seen) and all(symbol in seen and not seen[symbol]["stale"] for symbol in added)

    before = set(quotes("marketdata", "/v1/quotes"))
    restarts = healthy.container("marketdata")["RestartCount"]
    try:
        call("ADD", added)
        assert "BTCTURK:INJTRY" in call("REMOVE", removed)
        healthy.wait(done, 60, lambda: f"the added symbols fresh and the others gone: {feeds(healthy)}")
        assert healthy.container("marketdata")["RestartCount"] == restarts
        healthy.wait_restarted("marketdata", healthy.kill("marketdata"))
        healthy.wait_ready("marketdata")
        healthy.wait(done, 90, lambda: f"the same symbols after a restart: {feeds(healthy)}")
    finally:
        healthy.wait_ready("marketdata")
        call("ADD", removed)
        call("REMOVE", added)
    healthy.wait(lambda: set(quotes("marketdata", "/v1/quotes")) == before, 60, "the symbols of the settings")
    healthy.wait(lambda: all_live(healthy), 90, lambda: f"both feeds live, they are {feeds(healthy)}")
