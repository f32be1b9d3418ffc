"""Wrong settings of the venue are told by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.loop import Stop, Supervisor
from common.settings import SettingsError
from tests.venue.algolab.rig import API_KEY
from venue.algolab.listing import SHARE_MARKET
from venue.parts import Parts
from venue.settings import Settings


def test_the_defaults_are_the_real_venues_timings() -> None:
    settings = Settings.from_environment({})
    assert (settings.websocket_port, settings.seed, settings.conflation_seconds) == (7002, 1, 0.76)
    assert (settings.admin, settings.dial_refusal, settings.pairs) == (False, "429", 9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPARK_VENUE_WS_PORT", "70000"),
        ("SPARK_VENUE_SEED", "-1"),
        ("SPARK_VENUE_PAIRS", "4"),
        ("SPARK_VENUE_PAIRS", "380"),
        ("SPARK_VENUE_PAIRS", "all"),
        ("SPARK_VENUE_CONFLATION_SECONDS", "0"),
        ("SPARK_VENUE_CONFLATION_SECONDS", "-0.5"),
        ("SPARK_VENUE_CONFLATION_SECONDS", "NaN"),
        ("SPARK_VENUE_ADMIN", "yes"),
        ("SPARK_VENUE_DIAL_REFUSAL", "500"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}='{value}'"):
        Settings.from_environment({name: value})


def test_all_faults_are_told_together() -> None:
    wrong = {
        "SPARK_VENUE_SEED": "x",
        "SPARK_VENUE_ADMIN": "yes",
        "SPARK_RECYCLE_MIB": "-1",
        "SPARK_ALGOLAB_API_KEY_FILE": "/nowhere",
        "SPARK_BIST_SESSIONS": "never",
        "SPARK_VENUE_SHARES": "601",
    }
    with pytest.raises(SettingsError) as told:
        Settings.from_environment(wrong)
    lines = str(told.value).splitlines()
    assert {line.partition("=")[0].partition(" ")[0] for line in lines} == {
        *wrong,
        "SPARK_ALGOLAB_USERNAME_FILE",
        "SPARK_ALGOLAB_PASSWORD_FILE",
    }
    assert len(lines) == len(wrong) + 2


def test_the_market_is_simulated_whatever_the_stack_trades_on() -> None:
    assert Settings.from_environment({"SPARK_MARKET": "live"}).service.market == "simulated"


def test_the_settings_decide_how_many_pairs_and_shares_are_listed(tmp_path: Path) -> None:
    environment = {"SPARK_VENUE_PAIRS": "8", "SPARK_VENUE_SHARES": "9"}
    secrets = {"API_KEY": API_KEY, "USERNAME": "12345678901", "PASSWORD": "secret"}
    for name, secret in secrets.items():
        (tmp_path / name).write_text(secret)
        environment[f"SPARK_ALGOLAB_{name}_FILE"] = str(tmp_path / name)
    parts = Parts.build(Settings.from_environment(environment), Supervisor(Stop()))
    assert parts.algolab is not None
    assert len(parts.btcturk.views) == 8
    assert sum(view.market == SHARE_MARKET for view in parts.algolab.views.values()) == 9
