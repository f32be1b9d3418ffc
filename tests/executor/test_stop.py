"""At a stop every open stream of the real server ends at once and well."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.common.local import eventually
from tests.common.server import gunicorn, longest_stop
from tests.executor.listener import Listener
from tests.executor.standin import MarketData, Place
from tests.executor.streamed import environment_of, ready

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT])
def test_a_stop_ends_the_streams_cleanly_and_within_its_time(
    marketdata: MarketData, place: Place, tmp_path: Path, number: signal.Signals
) -> None:
    environment = environment_of(place, marketdata, tmp_path)
    with gunicorn("executor.app:serve()", environment) as server:
        eventually(lambda: ready(server))
        listeners = [Listener(server.address) for _ in range(3)]
        assert [event and event.name for event in (listener.next() for listener in listeners)] == ["snapshot"] * 3
        began = time.monotonic()
        assert server.terminate(number) == 0
        assert time.monotonic() - began < longest_stop()
        for listener in listeners:
            while listener.next():
                pass
            listener.close()
