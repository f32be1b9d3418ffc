from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from common.errors import Unavailable
from tests.web.conftest import Built
from tests.web.console import Surroundings
from tests.web.world import quote
from web import sse
from web.live import MAX_STREAMS, Feed, Slots, events
from web.metrics import Metrics
from web.panels import Painter


def feed(built: Built) -> Feed:
    return Feed(Painter(built.app.jinja_env, built.known), built.known)


def messages(stream: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    for event in sse.read(sse.lines(stream)):
        if event is not None:
            assert event.name == "change"
            yield json.loads(event.data)


def test_the_first_message_has_everything(built: Built) -> None:
    built.look()
    first = feed(built).changes()
    assert len(first["quotes"]) == 5
    names = ["glance", "services", "orders", "portfolio", "controls", "canary", "alerts", "symbols"]
    assert [panel["name"] for panel in first["panels"]] == names
    assert all(panel["html"] for panel in first["panels"])
    assert first["quotes_reason"] is None


def test_later_messages_have_only_what_changed(built: Built) -> None:
    built.look()
    sent = feed(built)
    sent.changes()
    built.known.quotes.move(quote(sequence=2000, bid=Decimal(7)))
    later = sent.changes()
    assert [row.symbol for row in later["quotes"]] == ["BTCTURK:BTCTRY"]
    assert "panels" not in later or all("html" not in panel for panel in later["panels"])
    assert "quotes_reason" not in later


def test_an_answer_that_came_again_moves_the_age_and_not_the_html(built: Built) -> None:
    built.look()
    sent = feed(built)
    first = {panel["name"]: panel for panel in sent.changes()["panels"]}
    built.known.orders.put(built.known.orders.look().value or ())
    moved = [panel for panel in sent.changes().get("panels", []) if panel["name"] == "orders"]
    for panel in moved:
        assert "html" not in panel
        assert panel["at"] >= first["orders"]["at"]


def test_the_reason_why_quotes_stop_is_sent_once(built: Built, around: Surroundings) -> None:
    built.look()
    sent = feed(built)
    sent.changes()
    around.market.stop()
    built.look("quotes", "stream")
    assert "does not answer" in sent.changes()["quotes_reason"]
    assert "quotes_reason" not in sent.changes()


def test_a_stream_sends_all_and_then_each_change(built: Built) -> None:
    built.look()
    stream = messages(events(feed(built), built.known))
    assert len(next(stream)["quotes"]) == 5
    built.known.quotes.move(quote(sequence=2000, bid=Decimal("4125999")))
    assert next(stream)["quotes"][0]["bid"] == "4,125,999"


def test_a_stream_ends_with_the_server(built: Built) -> None:
    stream = events(feed(built), built.known)
    built.known.changes.end()
    assert list(stream) == [b"retry: 2000\n\n"]


def test_streams_are_capped_and_a_closed_one_makes_room(built: Built) -> None:
    open_streams = [built.client.get("/api/live") for _ in range(MAX_STREAMS)]
    refused = built.client.get("/api/live")
    assert (refused.status_code, refused.get_json()["error"]["retryable"]) == (503, True)
    assert "web_streams_open 12.0" in built.client.get("/metrics").get_data(as_text=True)
    open_streams.pop().close()
    again = built.client.get("/api/live")
    assert (again.status_code, again.content_type) == (200, "text/event-stream")
    for each in (*open_streams, again):
        each.close()
    metrics = built.client.get("/metrics").get_data(as_text=True)
    assert "web_streams_open 0.0" in metrics
    assert "web_streams_refused_total 1.0" in metrics


def test_a_slot_is_given_back_once() -> None:
    slots = Slots(1, Metrics(CollectorRegistry(), []))
    give_back = slots.take()
    give_back()
    give_back()
    slots.take()
    with pytest.raises(Unavailable):
        slots.take()


def test_the_state_is_whole_for_those_who_poll(built: Built) -> None:
    built.look()
    for _ in range(2):
        state = built.client.get("/api/state").get_json()
        assert state["market"] == "simulated"
        assert len(state["quotes"]) == 5
        assert len(state["panels"]) == 8
