from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.web.alerts.outside_world import Outside


@pytest.fixture
def outside() -> Iterator[Outside]:
    service = Outside()
    yield service
    service.stop()
