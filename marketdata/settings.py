"""What market data can be told from outside, read once at start."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from common.settings import Reader
from common.wire import Market
from marketdata.venues.btcturk.frames import BOOK_CHANNELS, BookChannel

DEFAULT_PAIRS = "BTCTRY,ETHTRY,USDTTRY,BTCUSDT,ETHUSDT"
DEFAULT_BIST = {"simulated": "THYAO,GARAN,AKBNK,ASELS,EREGL,TUPRS", "live": "none"}
NO_BIST = "none"

Sessions = Literal["always", "real"]


@dataclass(frozen=True)
class Addresses:
    """Where one market is. All of it can be set by itself; `sms` is empty where a person has to type the code."""

    websocket: str
    rest: str
    chart: str
    algolab_websocket: str
    algolab_rest: str
    algolab_sms: str


ADDRESSES = {
    "simulated": Addresses(
        websocket="ws://venue:7002",
        rest="http://venue:7001",
        chart="http://venue:7001",
        algolab_websocket="ws://venue:7003/api/ws",
        algolab_rest="http://venue:7001",
        algolab_sms="http://venue:7001/sim/sms",
    ),
    "live": Addresses(
        websocket="wss://ws-feed-pro.btcturk.com",
        rest="https://api.btcturk.com",
        chart="https://graph-api.btcturk.com",
        algolab_websocket="wss://www.algolab.com.tr/api/ws",
        algolab_rest="https://www.algolab.com.tr",
        algolab_sms="",
    ),
}


@dataclass(frozen=True)
class BistSettings:
    """Borsa Istanbul through AlgoLab. `sms_url` is where the simulated broker's text message can be read; the
    operator's token guards the login. `ready_session` is one that the operator brought, empty for none."""

    symbols: tuple[str, ...]
    depth: bool
    sessions: Sessions
    websocket_url: str
    rest_url: str
    sms_url: str
    api_key: str
    username: str
    password: str
    operator_token: str
    session_file: Path
    ready_session: str


@dataclass(frozen=True)
class Settings:
    """The market decides the addresses and nothing else; each address can be set by itself. `bist` is None when no
    symbol of Borsa Istanbul is followed."""

    replica: str
    market: Market
    pairs: tuple[str, ...]
    book_channel: BookChannel
    websocket_url: str
    rest_url: str
    chart_url: str
    audit_seconds: float
    stale_seconds: float
    most_streams: int
    queue_limit: int
    bist: BistSettings | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Raises `SettingsError` that names each wrong variable, its value and the rule."""
        reader = Reader(environment)
        market = reader.choice("SPARK_MARKET", "simulated", ("simulated", "live"))
        addresses = ADDRESSES[market] if market in ADDRESSES else ADDRESSES["simulated"]
        settings = cls(
            replica=reader.text("SPARK_REPLICA", "1"),
            market=cast(Market, market),
            pairs=reader.names("SPARK_BTCTURK_PAIRS", DEFAULT_PAIRS),
            book_channel=cast(BookChannel, reader.choice("SPARK_BTCTURK_BOOKS", "obdiff", BOOK_CHANNELS)),
            websocket_url=reader.url("SPARK_BTCTURK_WS_URL", addresses.websocket, schemes=("ws", "wss")),
            rest_url=reader.url("SPARK_BTCTURK_REST_URL", addresses.rest),
            chart_url=reader.url("SPARK_BTCTURK_CHART_URL", addresses.chart),
            audit_seconds=reader.seconds("SPARK_BOOK_AUDIT_SECONDS", 0.0, above=-1.0, at_most=86_400.0),
            stale_seconds=reader.seconds("SPARK_QUOTE_STALE_SECONDS", 5.0, above=0.0, at_most=300.0),
            most_streams=reader.integer("SPARK_STREAMS_MAX", 200, at_least=1, at_most=1_000),
            queue_limit=reader.integer("SPARK_FEED_QUEUE_LIMIT", 20_000, at_least=100, at_most=1_000_000),
            bist=_bist(reader, market, addresses),
        )
        reader.check()
        return settings


def _bist(reader: Reader, market: str, addresses: Addresses) -> BistSettings | None:
    symbols = reader.names("SPARK_BIST_SYMBOLS", DEFAULT_BIST.get(market, NO_BIST))
    if symbols == (NO_BIST,):
        return None
    _check_redistribution(reader, market)
    return BistSettings(
        symbols=symbols,
        depth=reader.choice("SPARK_BIST_DEPTH", "on", ("on", "off")) == "on",
        sessions=cast(Sessions, reader.choice("SPARK_BIST_SESSIONS", _sessions(market), ("always", "real"))),
        websocket_url=reader.url("SPARK_ALGOLAB_WS_URL", addresses.algolab_websocket, schemes=("ws", "wss")),
        rest_url=reader.url("SPARK_ALGOLAB_REST_URL", addresses.algolab_rest),
        sms_url=reader.url("SPARK_ALGOLAB_SMS_URL", addresses.algolab_sms),
        api_key=reader.secret("SPARK_ALGOLAB_API_KEY"),
        username=reader.secret("SPARK_ALGOLAB_USERNAME"),
        password=reader.secret("SPARK_ALGOLAB_PASSWORD"),
        operator_token=reader.secret("SPARK_OPERATOR_TOKEN"),
        session_file=Path(reader.text("SPARK_DATA_DIR", "/data")) / "algolab_session.json",
        ready_session=reader.secret("SPARK_ALGOLAB_SESSION") if reader.text("SPARK_ALGOLAB_SESSION_FILE", "") else "",
    )


def _sessions(market: str) -> str:
    """The simulated exchange trades round the clock unless real sessions are asked for."""
    return "always" if market == "simulated" else "real"


def _check_redistribution(reader: Reader, market: str) -> None:
    """Exchange data may not be passed on without a licence: a live feed is served to this machine alone."""
    address = reader.text("SPARK_BIND", "127.0.0.1")
    licensed = reader.choice("SPARK_BIST_REDISTRIBUTION", "no", ("no", "licensed")) == "licensed"
    if market != "live" or licensed:
        return
    try:
        loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        reader.fault(
            f"SPARK_BIND={address!r}: Borsa Istanbul's data may not be passed on without a licence; publish on "
            "127.0.0.1, or set SPARK_BIST_REDISTRIBUTION=licensed if you have one"
        )
