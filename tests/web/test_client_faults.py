"""Whatever a client sends to the console, the fault is the client's: nothing is answered with a 5xx."""

from __future__ import annotations

import pytest

from tests.common.nasty import failures
from tests.web.conftest import Built
from tests.web.console import ALERT_TOKEN, Surroundings

pytestmark = pytest.mark.slow


def test_nasty_paths_parameters_headers_and_bodies_are_no_failure_of_ours(built: Built, around: Surroundings) -> None:
    assert around.executors
    fields = ("groupKey", "alerts", "status", "startsAt", "labels", "state", "reason", "quantity")
    assert failures(built.app, ALERT_TOKEN, parameters=("limit",), fields=fields) == []
