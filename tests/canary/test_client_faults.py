"""Whatever a client sends to the canary, the fault is the client's: nothing is answered with a 5xx."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.canary.servers import Engine, Site
from tests.canary.test_app import Canary
from tests.common.nasty import failures

pytestmark = pytest.mark.slow


def test_nasty_paths_parameters_and_headers_are_no_failure_of_ours(tmp_path: Path, site: Site, engine: Engine) -> None:
    canary = Canary(tmp_path, site, engine)
    canary.monitor.run_round()
    app = canary.client.application
    assert failures(app, "", parameters=("limit",), fields=()) == []
