"""The readers: each keeps its answer or the reason why there is none, and none of them stops another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from common import wire
from common.errors import Unavailable
from common.loop import Stop, Supervisor
from tests.web.conftest import Built
from tests.web.console import Surroundings
from tests.web.test_orders import REQUEST
from tests.web.trading_world import order
from web.metrics import ConsoleCounters
from web.readers import AGAIN_SECONDS, INSTRUMENTS_SECONDS, SILENT_SECONDS, Readers

STREAMS = {"quote-stream", "order-stream"}
DEADLINE_SECONDS = 20.0


def test_every_cell_has_a_value_after_one_round(built: Built) -> None:
    built.read()
    state = built.state
    assert len(state.quotes.now()) == 5
    cells = (state.instruments, state.orders, state.account, state.valuation, state.controls, state.canary)
    assert [cell.reading.reason for cell in (*cells, state.evidence, state.inbox)] == [None] * 8
    assert {name: cell.reading.reason for name, cell in state.services.items()} == dict.fromkeys(state.services)


def test_a_service_that_does_not_answer_is_told_and_counted_and_nothing_else_suffers(
    built: Built, around: Surroundings
) -> None:
    built.read()
    around.canary.stop()
    built.read()
    reading = built.state.canary.reading
    assert reading.value is not None
    assert "does not answer" in str(reading.reason)
    assert built.state.orders.reading.reason is None
    metrics = built.client.get("/metrics").get_data(as_text=True)
    assert 'web_upstream_errors_total{upstream="canary"} 3.0' in metrics
    assert 'web_upstream_up{upstream="canary"} 0.0' in metrics
    assert 'web_upstream_up{upstream="marketdata"} 1.0' in metrics


def test_a_service_that_does_not_answer_is_no_failure_of_the_console(built: Built, around: Surroundings) -> None:
    around.stop()
    built.read()
    assert {loop.name: loop.failures for loop in built.loops.by_name.values() if loop.failures} == {}


def test_what_could_not_be_read_is_asked_for_again_soon_however_seldom_it_is_read(
    built: Built, around: Surroundings
) -> None:
    instruments = built.loops.by_name["instruments"]
    assert instruments.run_once() == INSTRUMENTS_SECONDS
    around.market.stop()
    assert instruments.run_once() == AGAIN_SECONDS < INSTRUMENTS_SECONDS


def test_the_quote_stream_moves_the_quotes_and_tells_when_it_breaks(built: Built, around: Surroundings) -> None:
    thread = threading.Thread(target=built.loops.by_name["quote-stream"].run_once, daemon=True)
    thread.start()
    _await(built, lambda: any(quote.sequence >= 1002 for quote in built.state.quotes.now()))
    assert built.state.quotes.stream_reason is None
    around.market.stop()
    thread.join(DEADLINE_SECONDS)
    assert built.state.quotes.stream_reason is not None


def test_the_order_stream_is_shown_at_once_and_wakes_the_readers_of_what_it_does_not_tell(
    built: Built, around: Surroundings
) -> None:
    built.read()
    woken = {name: loop._woken for name, loop in built.loops.by_name.items()}
    thread = threading.Thread(target=built.loops.by_name["order-stream"].run_once, daemon=True)
    thread.start()
    _await(built, lambda: all(woken[name].is_set() for name in ("orders", "valuation", "controls")))
    for event in woken.values():
        event.clear()
    market = wire.OrderRequest(
        client_order_id="m", symbol=REQUEST.symbol, side="buy", type="market", quantity=REQUEST.quantity
    )
    around.executors[0].orders.insert(0, order(market, 1))
    _await(built, lambda: [each.status for each in built.state.orders.reading.value or ()] == ["filled"])
    around.executors[0].hold("DRAWDOWN", "HALTED", "a test")
    _await(built, lambda: _trading_state(built) == "HALTED")
    _await(built, lambda: woken["valuation"].is_set() and woken["controls"].is_set())
    around.executors[0].stop()
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()
    assert built.state.orders.reading.reason is None


def _trading_state(built: Built) -> str | None:
    account = built.state.account.reading.value
    return None if account is None else account.trading_state


def test_each_reader_but_those_of_streams_makes_the_console_unready_when_it_hangs(built: Built) -> None:
    silent_after = {name: loop._silent_after for name, loop in built.loops.by_name.items()}
    assert {name for name, seconds in silent_after.items() if seconds != SILENT_SECONDS} == STREAMS


def test_an_inbox_that_can_not_be_read_is_told_and_counted_and_answered_with_503(alone: Built, tmp_path: Path) -> None:
    alone.read("inbox")
    for file in (tmp_path / "data").iterdir():
        file.unlink()
    (tmp_path / "data" / "alerts.sqlite").mkdir()
    alone.read("inbox")
    assert "the inbox can't be written or read" in str(alone.state.inbox.reading.reason)
    assert alone.loops.by_name["inbox"].failures == 0
    assert 'web_upstream_errors_total{upstream="inbox"} 1.0' in alone.client.get("/metrics").get_data(as_text=True)
    assert alone.client.get("/api/alerts").status_code == 503


def readers() -> Readers:
    return Readers(Supervisor(Stop()), ConsoleCounters(["marketdata"]))


def test_an_unexpected_failure_is_told_and_counted_by_the_loop() -> None:
    reasons: list[str] = []

    def read() -> None:
        raise ValueError("a defect")

    loop = readers().add("test", "marketdata", 2.0, read, reasons.append)
    assert [loop.run_once() for _ in range(3)] == [2.0] * 3
    assert reasons == ["an unexpected failure (ValueError); it was logged"] * 3
    assert loop.failures == 3


def test_an_unavailable_service_is_told_in_its_own_words_and_asked_again_at_the_same_interval() -> None:
    reasons: list[str] = []

    def read() -> None:
        raise Unavailable("it sleeps")

    loop = readers().add("test", "marketdata", 2.0, read, reasons.append)
    assert [loop.run_once() for _ in range(3)] == [2.0] * 3
    assert reasons == ["it sleeps"] * 3
    assert loop.failures == 0


def _await(built: Built, condition: Callable[[], bool]) -> None:
    """Waits for changes until the condition holds."""
    end, seen = time.monotonic() + DEADLINE_SECONDS, built.state.changes.number
    while not condition():
        assert time.monotonic() < end
        seen, _ = built.state.changes.wait(seen, 0.1)
