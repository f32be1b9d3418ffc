"""A request or a loop that hangs is told with its cause, and in the end the worker is replaced; the server goes on."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from common.healing import HANGS_LOOKS, REPLACED_LOOKS, Healer
from common.loop import Loop, Stop, Supervisor
from common.underway import Requests
from tests.common.server import Server, gunicorn


@contextmanager
def answering(requests: Requests, path: str, until: threading.Event) -> Iterator[None]:
    """A request that is answered once `until` is set."""
    begun = threading.Event()

    def application(_environ: object, _start: object) -> list[bytes]:
        begun.set()
        until.wait(30)
        return []

    watched = requests.watching(application)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path}
    thread = threading.Thread(target=watched, args=(environ, lambda *_: lambda _: None))
    thread.start()
    begun.wait(5)
    try:
        yield
    finally:
        until.set()
        thread.join()


@pytest.fixture
def replaced() -> list[str]:
    return []


@pytest.fixture
def make(replaced: list[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Healer, Requests]]:
    monkeypatch.setattr("common.healing.note", lambda cause, detail: replaced.append(f"{cause}: {detail}"))

    def made(loops: Supervisor | None = None) -> tuple[Healer, Requests]:
        loops = loops or Supervisor(Stop())
        return Healer(loops, lambda: replaced.append("gone")), loops.requests

    return made


def look(healer: Healer, times: int) -> None:
    for _ in range(times):
        healer.look()


def test_a_request_hangs_after_a_minute_of_looks_and_is_healed_after_two(
    make: Callable[..., tuple[Healer, Requests]], replaced: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    healer, requests = make()
    with answering(requests, "/never", threading.Event()):
        look(healer, HANGS_LOOKS - 1)
        assert (requests.hanging, caplog.records) == (0, [])
        look(healer, 1)
        assert requests.hanging == 1
        (told,) = caplog.records
        assert (told.msg, told.path) == ("a request hangs", "/never")  # type: ignore[attr-defined]
        assert "until.wait(30)" in told.stack  # type: ignore[attr-defined]
        look(healer, REPLACED_LOOKS - HANGS_LOOKS - 1)
        assert replaced == []
        look(healer, 1)
        assert replaced == ["request: GET /never", "gone"]


def test_many_short_requests_on_one_thread_are_not_one_that_hangs(
    make: Callable[..., tuple[Healer, Requests]], replaced: list[str]
) -> None:
    healer, requests = make()
    for _ in range(REPLACED_LOOKS + 2):
        with answering(requests, "/quick", threading.Event()):
            healer.look()
    assert (requests.hanging, replaced) == (0, [])


def test_a_loop_that_does_not_come_back_is_healed_with_its_name(
    make: Callable[..., tuple[Healer, Requests]], replaced: list[str]
) -> None:
    stop, hangs = Stop(), threading.Event()
    loops = Supervisor(stop)
    loops.add(Loop("stuck", lambda: hangs.wait(30) and None, silent_after=0.01))
    loops.add(Loop("waits", lambda: stop.wait(30) and None))
    healer, _ = make(loops)
    loops.start()
    time.sleep(0.1)
    try:
        look(healer, REPLACED_LOOKS)
    finally:
        hangs.set()
        loops.stop()
    assert len(replaced) == 2
    assert replaced[0].startswith("loop: the loop stuck has not come back for ")


@pytest.mark.slow
def test_a_worker_whose_request_hangs_is_replaced_and_the_others_are_answered() -> None:
    with gunicorn(TEST_LOOK_SECONDS="0.05") as server:
        hanging = threading.Thread(target=_ask_in_vain, args=(server,))
        hanging.start()
        server.event("a request hangs")
        assert server.lines[-1]["path"] == "/hang"
        assert "time.sleep(600)" in server.lines[-1]["stack"]
        server.event("the worker is replaced")
        assert (server.lines[-1]["cause"], server.lines[-1]["detail"]) == ("request", "GET /hang")
        server.event("Booting worker with pid")
        hanging.join(10)
        with urllib.request.urlopen(f"{server.address}/metrics", timeout=10) as answer:
            metrics = answer.read().decode()
        assert 'spark_heals_total{cause="request"} 1.0' in metrics
        assert 'spark_heals_total{cause="loop"} 0.0' in metrics
        assert "spark_requests_hanging 0.0" in metrics
        with urllib.request.urlopen(f"{server.address}/healthz", timeout=10) as answer:
            assert json.load(answer)["status"] == "alive"


def _ask_in_vain(server: Server) -> None:
    with suppress(OSError):
        urllib.request.urlopen(f"{server.address}/hang", timeout=20).close()
