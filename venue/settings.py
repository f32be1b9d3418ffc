"""The settings of the simulated venues, read once at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast, get_args

from common.settings import Reader, ServiceSettings
from common.tape import TapeError, TapeFile
from venue.algolab.accounts import CustomerCredentials
from venue.algolab.crypto import key_bytes
from venue.algolab.listing import MOST_SHARES, SHARES
from venue.algolab.market import Sessions
from venue.btcturk.listing import MOST_PAIRS
from venue.btcturk.pairs import PAIRS
from venue.btcturk.ratelimits import Refusal

NO_FILE = "none"


@dataclass(frozen=True)
class AlgoLabSettings:
    """The settings of Borsa Istanbul behind AlgoLab's protocol.

    credentials: the customer who may log in.
    websocket_port: 0 asks for a free port.
    sessions: when shares trade.
    shares: the number of shares.
    """

    credentials: CustomerCredentials
    websocket_port: int
    sessions: Sessions
    shares: int


@dataclass(frozen=True)
class ReplaySettings:
    """The settings of a replay.

    path: the tape.
    speed: how many times as fast as it was recorded it is played.
    """

    path: Path
    speed: float


@dataclass(frozen=True)
class Settings:
    """All settings of the service.

    service: the settings that every service has. The market is always `simulated`, also beside a live stack.
    websocket_host: the address that the WebSocket ports are opened on.
    websocket_port: the port of BTCTurk's WebSocket; 0 asks for a free one.
    seed: the seed of both markets.
    pairs: the number of BTCTurk's pairs.
    conflation_seconds: how often BTCTurk's sockets are sent changes.
    admin: true opens the calls under `/admin`.
    dial_refusal: the answer to one new socket too many.
    algolab: None without a file that holds an API key.
    replay: the tape that is played in place of the markets; None for the markets.
    """

    service: ServiceSettings
    websocket_host: str
    websocket_port: int
    seed: int
    pairs: int
    conflation_seconds: float
    admin: bool
    dial_refusal: Refusal
    algolab: AlgoLabSettings | None
    replay: ReplaySettings | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Returns the settings. Raises `SettingsError` that names each wrong variable, its value and the rule."""
        reader = Reader(environment)
        settings = cls(
            service=replace(reader.service("venue"), market="simulated"),
            websocket_host=reader.text("SPARK_VENUE_WS_HOST", "0.0.0.0"),  # noqa: S104 - a container's own network
            websocket_port=reader.integer("SPARK_VENUE_WS_PORT", 7002, at_least=0, at_most=65_535),
            seed=reader.integer("SPARK_VENUE_SEED", 1, at_least=0, at_most=2**32),
            pairs=reader.integer("SPARK_VENUE_PAIRS", 9, at_least=len(PAIRS), at_most=MOST_PAIRS),
            conflation_seconds=reader.seconds("SPARK_VENUE_CONFLATION_SECONDS", 0.76, above=0.0, at_most=60.0),
            admin=reader.choice("SPARK_VENUE_ADMIN", "off", ("off", "on")) == "on",
            dial_refusal=cast(Refusal, reader.choice("SPARK_VENUE_DIAL_REFUSAL", "429", get_args(Refusal))),
            algolab=_algolab(reader),
            replay=_replay(reader),
        )
        reader.check()
        return settings


def _replay(reader: Reader) -> ReplaySettings | None:
    speed = reader.seconds("SPARK_REPLAY_SPEED", 1.0, above=0.0, at_most=1000.0)
    path = reader.text("SPARK_VENUE_TAPE", NO_FILE)
    if path == NO_FILE:
        return None
    try:
        TapeFile(Path(path))
    except (TapeError, OSError) as error:
        reader.fault(f"SPARK_VENUE_TAPE={path!r}: must be a tape: {error}")
    return ReplaySettings(Path(path), speed)


def _algolab(reader: Reader) -> AlgoLabSettings | None:
    if reader.text("SPARK_ALGOLAB_API_KEY_FILE", NO_FILE) == NO_FILE:
        return None
    api_key = reader.secret("SPARK_ALGOLAB_API_KEY")
    try:
        if api_key:
            key_bytes(api_key)
    except ValueError as error:
        reader.fault(f"SPARK_ALGOLAB_API_KEY_FILE: {error}")
    return AlgoLabSettings(
        credentials=CustomerCredentials(
            api_key=api_key,
            username=reader.secret("SPARK_ALGOLAB_USERNAME"),
            password=reader.secret("SPARK_ALGOLAB_PASSWORD"),
        ),
        websocket_port=reader.integer("SPARK_VENUE_ALGOLAB_WS_PORT", 7003, at_least=0, at_most=65_535),
        sessions=cast(Sessions, reader.choice("SPARK_BIST_SESSIONS", "always", get_args(Sessions))),
        shares=reader.integer("SPARK_VENUE_SHARES", 8, at_least=len(SHARES), at_most=MOST_SHARES),
    )
