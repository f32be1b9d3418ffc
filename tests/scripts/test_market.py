"""A market that is none stops `make up`, and no command on what runs already."""

from __future__ import annotations

import pytest

from tests.scripts.checkout import Checkout

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("written", ["Live", "real", "live/../x"])
def test_a_market_that_is_none_is_told_with_the_rule(checkout: Checkout, written: str) -> None:
    done = checkout.bash("check_host", SPARK_MARKET=written)
    assert done.returncode == 1
    assert f"error: SPARK_MARKET='{written}': must be one of simulated, live" in done.stderr


def test_what_runs_can_be_looked_at_whatever_market_is_written(checkout: Checkout) -> None:
    """Compose reads the market for the name of a volume: with an unknown one it would read nothing of its file."""
    assert checkout.bash("use_stack; printenv SPARK_MARKET", SPARK_MARKET="real").stdout == "simulated\n"


@pytest.mark.parametrize(("written", "market"), [("", "simulated"), ("simulated", "simulated"), ("live", "live")])
def test_a_market_is_taken_as_it_is_written(checkout: Checkout, written: str, market: str) -> None:
    assert checkout.bash("use_stack; printenv SPARK_MARKET", SPARK_MARKET=written).stdout == f"{market}\n"
