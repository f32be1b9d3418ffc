"""The market decides the addresses; wrong settings are told by name."""

from __future__ import annotations

import pytest

from common.settings import SettingsError
from marketdata.settings import Settings


def test_simulated_is_the_default_and_stays_inside_the_stack() -> None:
    settings = Settings.from_environment({})
    assert (settings.market, settings.websocket_url, settings.rest_url) == (
        "simulated",
        "ws://venue:7002",
        "http://venue:7001",
    )
    assert settings.pairs == ("BTCTRY", "ETHTRY", "USDTTRY", "BTCUSDT", "ETHUSDT")


def test_live_differs_in_the_addresses_alone() -> None:
    live, simulated = Settings.from_environment({"SPARK_MARKET": "live"}), Settings.from_environment({})
    different = {name for name, value in vars(live).items() if vars(simulated)[name] != value}
    assert different == {"market", "websocket_url", "rest_url"}
    assert live.websocket_url == "wss://ws-feed-pro.btcturk.com"
    assert live.rest_url == "https://api.btcturk.com"


def test_an_address_of_ones_own_wins_in_either_market() -> None:
    settings = Settings.from_environment({"SPARK_MARKET": "live", "SPARK_BTCTURK_WS_URL": "ws://127.0.0.1:9"})
    assert (settings.websocket_url, settings.rest_url) == ("ws://127.0.0.1:9", "https://api.btcturk.com")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPARK_MARKET", "dreamt"),
        ("SPARK_BTCTURK_WS_URL", "http://venue:7002"),
        ("SPARK_BTCTURK_REST_URL", "venue"),
        ("SPARK_BTCTURK_PAIRS", "BTCTRY,,ETHTRY"),
        ("SPARK_BTCTURK_PAIRS", "BTCTRY,BTCTRY"),
        ("SPARK_QUOTE_STALE_SECONDS", "-5"),
        ("SPARK_STREAMS_MAX", "0"),
        ("SPARK_FEED_QUEUE_LIMIT", "1.5"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}='{value}'"):
        Settings.from_environment({name: value})
