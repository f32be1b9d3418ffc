from __future__ import annotations

import threading
from collections.abc import Callable

from prometheus_client import CollectorRegistry

from common.errors import Unavailable
from tests.web.conftest import Built
from tests.web.console import Surroundings
from tests.web.test_board import Hands
from web.knowledge import Knowledge
from web.metrics import Metrics
from web.watch import HUNG_SECONDS, Job, Watch


def running(look: Callable[[], None], hands: Hands, *, seconds: float = 0.01) -> tuple[Watch, list[str]]:
    reasons: list[str] = []
    job = Job("test", "marketdata", seconds, look, reasons.append)
    known = Knowledge(hands.clock(), ["marketdata"], 5.0)
    return Watch([job], known, Metrics(CollectorRegistry(), ["marketdata"])), reasons


def test_every_part_is_known_after_one_look(built: Built) -> None:
    built.look()
    known = built.known
    assert len(known.quotes.now()) == 5
    slots = (known.instruments, known.orders, known.positions, known.account, known.controls, known.canary)
    assert [slot.look().reason for slot in (*slots, known.evidence)] == [None] * 7
    assert {name: slot.look().reason for name, slot in known.services.items()} == dict.fromkeys(known.services)


def test_what_does_not_answer_is_told_counted_and_nothing_else_suffers(built: Built, around: Surroundings) -> None:
    built.look()
    around.canary.stop()
    built.look()
    look = built.known.canary.look()
    assert look.value is not None
    assert "does not answer" in str(look.reason)
    assert built.known.orders.look().reason is None
    metrics = built.client.get("/metrics").get_data(as_text=True)
    assert 'web_upstream_errors_total{upstream="canary"} 3.0' in metrics
    assert 'web_upstream_up{upstream="canary"} 0.0' in metrics
    assert 'web_upstream_up{upstream="marketdata"} 1.0' in metrics


def test_the_stream_moves_the_quotes_and_tells_when_it_breaks(built: Built, around: Surroundings) -> None:
    (stream,) = [job for job in built.jobs() if job.name == "stream"]
    thread = threading.Thread(target=built.readers.look, args=(stream,))
    thread.start()
    seen = built.known.changes.count
    while not built.known.quotes.now() or built.known.quotes.now()[0].sequence < 1002:
        moved = built.known.changes.wait(seen, 5)
        assert moved != seen
        seen = moved
    assert built.known.quotes.stream_reason is None
    around.market.stop()
    thread.join(5)
    assert built.known.quotes.stream_reason is not None


def test_a_reader_that_fails_unexpectedly_lives_on() -> None:
    looked = threading.Semaphore(0)

    def look() -> None:
        looked.release()
        raise ValueError("a defect")

    watch, reasons = running(look, Hands())
    watch.start()
    assert all(looked.acquire(timeout=5) for _ in range(3))
    watch.stop()
    assert reasons[0] == "an unexpected failure (ValueError); it was logged"


def test_an_unavailable_part_is_told_in_its_own_words() -> None:
    def look() -> None:
        raise Unavailable("it sleeps")

    watch, reasons = running(look, Hands())
    watch.look(watch._jobs[0])
    assert reasons == ["it sleeps"]


def test_a_reader_that_hangs_makes_the_console_unready() -> None:
    hands, released, begun = Hands(), threading.Event(), threading.Event()

    def look() -> None:
        begun.set()
        released.wait(10)

    watch, _ = running(look, hands)
    assert watch.ready() == "the background readers were not started"
    watch.start()
    begun.wait(5)
    assert watch.ready() is None
    hands.seconds += HUNG_SECONDS + 1
    assert watch.ready() == "no sign of life from: test"
    watch.stop()
    released.set()
