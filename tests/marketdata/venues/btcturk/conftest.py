"""A simulated venue and its REST side, one for each file of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.common.local import http_server
from tests.marketdata.rig import rest_app
from tests.venue.btcturk.rig import Venue, running_venue


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    with running_venue() as running:
        yield running


@pytest.fixture(scope="module")
def rest_url(venue: Venue) -> Iterator[str]:
    with http_server(rest_app(venue)) as url:
        yield url
