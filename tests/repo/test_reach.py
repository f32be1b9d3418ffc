"""The table of who reaches whom is what docker-compose.yml says. `tests/stack/` asks the running containers."""

from __future__ import annotations

from tests.repo import compose
from tests.stack.reach import HOST, OUTSIDE, declared, documented

TOLD = documented()
LIVE = "marketdata (live)"


def test_every_container_has_a_row() -> None:
    assert set(TOLD) == set(compose.services()) | {LIVE}


def test_a_row_names_those_that_share_a_network() -> None:
    assert {name: reached - {HOST, OUTSIDE} for name, reached in TOLD.items() if name != LIVE} == declared()


def test_only_the_live_market_leads_outside() -> None:
    assert [name for name, reached in TOLD.items() if OUTSIDE in reached] == [LIVE]
    assert TOLD[LIVE] - TOLD["marketdata"] == {HOST, OUTSIDE}
    assert TOLD["marketdata"] - TOLD[LIVE] == {"venue"}
