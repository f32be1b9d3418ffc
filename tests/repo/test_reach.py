"""The table of who reaches whom is what docker-compose.yml says. `tests/stack/` asks the running containers."""

from __future__ import annotations

from tests.repo import compose
from tests.stack.reach import HOST, OUTSIDE, declared, documented

TOLD = documented()
LIVE, PAGES = "marketdata (live)", "alertmanager (pages)"


def test_every_container_has_a_row() -> None:
    assert set(TOLD) == set(compose.services()) | {LIVE, PAGES}


def test_a_row_names_those_that_share_a_network() -> None:
    assert {
        name: reached - {HOST, OUTSIDE} for name, reached in TOLD.items() if name not in (LIVE, PAGES)
    } == declared()


def test_only_the_live_market_and_pages_lead_outside() -> None:
    assert {name for name, reached in TOLD.items() if OUTSIDE in reached} == {LIVE, PAGES}
    assert TOLD[PAGES] == TOLD["alertmanager"] | {HOST, OUTSIDE}
    assert TOLD[LIVE] - TOLD["marketdata"] == {HOST, OUTSIDE}
    assert TOLD["marketdata"] - TOLD[LIVE] == {"venue"}
