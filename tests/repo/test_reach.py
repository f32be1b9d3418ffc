"""The table of who reaches whom is what docker-compose.yml says. `tests/stack/` asks the running containers."""

from __future__ import annotations

from tests.repo import compose
from tests.stack.reach import HOST, OUTSIDE, declared, documented

TOLD = documented()
LIVE, PAGES, HEARTBEAT = "marketdata (live)", "alertmanager (pages)", "web (heartbeat)"
TIMESTAMP = "canary (timestamp)"
SWITCHED_ON = (LIVE, PAGES, HEARTBEAT, TIMESTAMP)


def test_every_container_has_a_row() -> None:
    assert set(TOLD) == set(compose.services()) | {*SWITCHED_ON}


def test_a_row_names_those_that_share_a_network() -> None:
    assert {name: reached - {HOST, OUTSIDE} for name, reached in TOLD.items() if name not in SWITCHED_ON} == declared()


def test_only_the_live_market_pages_the_heartbeat_and_timestamps_lead_outside() -> None:
    assert {name for name, reached in TOLD.items() if OUTSIDE in reached} == {*SWITCHED_ON}
    assert TOLD[PAGES] == TOLD["alertmanager"] | {HOST, OUTSIDE}
    assert TOLD[HEARTBEAT] == TOLD["web"] | {HOST, OUTSIDE}
    assert TOLD[TIMESTAMP] == TOLD["canary"] | {HOST, OUTSIDE}
    assert TOLD[LIVE] - TOLD["marketdata"] == {HOST, OUTSIDE}
    assert TOLD["marketdata"] - TOLD[LIVE] == {"venue"}
