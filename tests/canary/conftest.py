"""Servers for the canary's tests, ended with the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.canary.servers import Engine, Site, inspected


@pytest.fixture
def site() -> Iterator[Site]:
    running = Site()
    yield running
    running.stop()


@pytest.fixture
def engine() -> Iterator[Engine]:
    running = Engine([inspected("web"), inspected("marketdata"), inspected("canary")])
    yield running
    running.stop()
