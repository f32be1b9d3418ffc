"""Whatever a client sends to the simulated venue, the fault is the client's: nothing is answered with a 5xx."""

from __future__ import annotations

import pytest

from tests.common.nasty import failures
from tests.venue.btcturk.rig import running_venue

pytestmark = pytest.mark.slow


def test_nasty_paths_parameters_headers_and_bodies_are_no_failure_of_ours() -> None:
    with running_venue(warm_up=120.0) as venue:
        parameters = ("last", "pairSymbol", "limit", "symbol", "from", "to", "resolution")
        fields = ("kind", "seconds", "status", "symbol", "count", "name")
        assert failures(venue.app(), "", parameters=parameters, fields=fields) == []
