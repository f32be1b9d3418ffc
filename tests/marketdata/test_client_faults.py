"""Whatever a client sends to market data, the fault is the client's: nothing is answered with a 5xx."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from common.verifier import verifier_of
from marketdata.app import create_app
from marketdata.parts import Parts
from marketdata.settings import Settings
from tests.common.local import http_server
from tests.common.nasty import failures
from tests.marketdata.rig import rest_app, running_marketdata, settings_for
from tests.venue.btcturk.rig import running_venue
from tests.venue.rig import eventually

TOKEN = "a token"

pytestmark = pytest.mark.slow


@pytest.fixture
def running() -> Iterator[tuple[Settings, Parts]]:
    with running_venue() as venue, http_server(rest_app(venue)) as url:
        settings = settings_for(venue.url, url, SPARK_STREAMS_MAX="2", SPARK_OPERATOR_VERIFIER=verifier_of(TOKEN))
        with running_marketdata(settings) as parts:
            eventually(lambda: not parts.store.not_live() and parts.venues[0].counters.frames["421"] == 2)
            yield settings, parts


def test_nasty_paths_parameters_headers_and_bodies_are_no_failure_of_ours(running: tuple[Settings, Parts]) -> None:
    app = create_app(*running)
    parameters = ("limit", "depth", "symbols", "kinds", "resolution")
    assert failures(app, TOKEN, parameters=parameters, fields=("code", "symbol")) == []
