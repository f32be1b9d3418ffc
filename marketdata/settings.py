"""What market data can be told from outside, read once at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from common.settings import Reader
from common.wire import Market

DEFAULT_PAIRS = "BTCTRY,ETHTRY,USDTTRY,BTCUSDT,ETHUSDT"
SIMULATED_URLS = ("ws://venue:7002", "http://venue:7001")
LIVE_URLS = ("wss://ws-feed-pro.btcturk.com", "https://api.btcturk.com")


@dataclass(frozen=True)
class Settings:
    """The market decides the addresses and nothing else; either address can be set by itself."""

    replica: str
    market: Market
    pairs: tuple[str, ...]
    websocket_url: str
    rest_url: str
    stale_seconds: float
    most_streams: int
    queue_limit: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Raises `SettingsError` that names each wrong variable, its value and the rule."""
        reader = Reader(environment)
        market = reader.choice("SPARK_MARKET", "simulated", ("simulated", "live"))
        websocket_url, rest_url = LIVE_URLS if market == "live" else SIMULATED_URLS
        settings = cls(
            replica=reader.text("SPARK_REPLICA", "1"),
            market=cast(Market, market),
            pairs=reader.names("SPARK_BTCTURK_PAIRS", DEFAULT_PAIRS),
            websocket_url=reader.url("SPARK_BTCTURK_WS_URL", websocket_url, schemes=("ws", "wss")),
            rest_url=reader.url("SPARK_BTCTURK_REST_URL", rest_url),
            stale_seconds=reader.seconds("SPARK_QUOTE_STALE_SECONDS", 5.0, above=0.0, at_most=300.0),
            most_streams=reader.integer("SPARK_STREAMS_MAX", 16, at_least=1, at_most=1_000),
            queue_limit=reader.integer("SPARK_FEED_QUEUE_LIMIT", 20_000, at_least=100, at_most=1_000_000),
        )
        reader.check()
        return settings
