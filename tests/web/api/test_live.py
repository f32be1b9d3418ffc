from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any

from common import sse
from common.clock import Clock
from tests.web.conftest import Built
from tests.web.console import Surroundings
from tests.web.world import quote
from web.api.live import PageFeed, events
from web.panels import Painter
from web.parts import MAX_STREAMS
from web.state import ConsoleState
from web.undrawn import Undrawn


def feed(built: Built) -> PageFeed:
    return PageFeed(Painter(built.app.jinja_env, built.state, Undrawn(built.parts.counters.unreadable)), built.state)


def stream_of(built: Built) -> Iterator[bytes]:
    return events(feed(built), built.state, built.loops.stop_signal)


def messages(stream: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    for event in sse.read(sse.lines(stream)):
        if event is not None:
            assert event.name == "change"
            yield json.loads(event.data)


def test_the_first_message_has_everything(built: Built) -> None:
    built.read()
    first = feed(built).changes()
    assert len(first["quotes"]) == 5
    assert first["quote_symbols"] == [row.symbol for row in first["quotes"]]
    names = ["glance", "services", "orders", "portfolio", "currency", "controls", "canary", "alerts", "symbols"]
    assert [panel["name"] for panel in first["panels"]] == names
    assert all(panel["html"] for panel in first["panels"])
    assert first["quotes_reason"] is None


def test_later_messages_have_only_what_changed(built: Built) -> None:
    built.read()
    sent = feed(built)
    sent.changes()
    built.state.quotes.update(quote(sequence=2000, bid=Decimal(7)))
    later = sent.changes()
    assert [row.symbol for row in later["quotes"]] == ["BTCTURK:BTCTRY"]
    assert "panels" not in later or all("html" not in panel for panel in later["panels"])
    assert "quotes_reason" not in later
    assert "quote_symbols" not in later
    built.state.quotes.drop("BTCTURK:ETHTRY")
    assert "BTCTURK:ETHTRY" not in sent.changes()["quote_symbols"]


def test_a_quote_that_did_not_change_is_not_sent_again_while_its_age_grows(built: Built) -> None:
    seconds = count(100.0, 0.0013)
    state = ConsoleState(Clock(lambda: next(seconds), lambda: 1.8e9 + next(seconds)), (), 1e6, outside=False)
    state.quotes.start_over([quote(f"BTCTURK:S{each}TRY", age_seconds=each / 1000) for each in range(100)])
    sent = PageFeed(Painter(built.app.jinja_env, state, Undrawn(built.parts.counters.unreadable)), state)
    assert len(sent.changes()["quotes"]) == 100
    assert not any("quotes" in sent.changes() for _ in range(30))


def test_an_answer_that_came_again_moves_the_age_and_not_the_html(built: Built) -> None:
    built.read()
    sent = feed(built)
    first = {panel["name"]: panel for panel in sent.changes()["panels"]}
    built.state.orders.put(built.state.orders.reading.value or ())
    moved = [panel for panel in sent.changes().get("panels", []) if panel["name"] == "orders"]
    for panel in moved:
        assert "html" not in panel
        assert panel["at"] >= first["orders"]["at"]


def test_the_reason_why_quotes_stop_is_sent_once(built: Built, around: Surroundings) -> None:
    built.read()
    sent = feed(built)
    sent.changes()
    around.market.stop()
    built.read("quotes", "quote-stream")
    assert "does not answer" in sent.changes()["quotes_reason"]
    assert "quotes_reason" not in sent.changes()


def test_a_stream_sends_all_and_then_each_change(built: Built) -> None:
    built.read()
    stream = messages(stream_of(built))
    assert len(next(stream)["quotes"]) == 5
    built.state.quotes.update(quote(sequence=2000, bid=Decimal("4125999")))
    assert next(stream)["quotes"][0]["bid"] == "4,125,999"


def test_a_stream_sends_the_time_when_nothing_changes(built: Built) -> None:
    stream = messages(stream_of(built))
    next(stream)
    assert set(next(stream)) == {"now"}


def test_a_stream_ends_with_the_console(built: Built) -> None:
    stream = stream_of(built)
    assert next(stream) == b"retry: 2000\n\n"
    next(stream)
    built.parts.stop()
    assert list(stream) == []


def test_sending_is_bounded_so_that_a_browser_that_stops_reading_gives_its_place_back(built: Built) -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(None)
    size = ours.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    answer = built.client.get("/api/live", environ_overrides={"gunicorn.socket": ours})
    assert ours.gettimeout() == sse.SEND_SECONDS
    assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) < size
    answer.close()
    ours.close()
    theirs.close()


def test_streams_are_capped_and_a_closed_one_makes_room(built: Built) -> None:
    open_streams = [built.client.get("/api/live") for _ in range(MAX_STREAMS)]
    refused = built.client.get("/api/live")
    assert (refused.status_code, refused.get_json()["error"]["retryable"]) == (429, True)
    assert "web_streams_open 12.0" in built.client.get("/metrics").get_data(as_text=True)
    open_streams.pop().close()
    again = built.client.get("/api/live")
    assert (again.status_code, again.content_type) == (200, "text/event-stream")
    for each in (*open_streams, again):
        each.close()
    metrics = built.client.get("/metrics").get_data(as_text=True)
    assert "web_streams_open 0.0" in metrics
    assert "web_streams_refused_total 1.0" in metrics


def test_the_state_is_whole_for_those_who_poll(built: Built) -> None:
    built.read()
    for _ in range(2):
        state = built.client.get("/api/state").get_json()
        assert state["market"] == "simulated"
        assert len(state["quotes"]) == 5
        assert len(state["panels"]) == 9
