"""The settings of market data, read once at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from common.settings import Reader, ServiceSettings
from marketdata.state.listing import Listing
from marketdata.venues.algolab import settings as algolab
from marketdata.venues.btcturk import settings as btcturk


@dataclass(frozen=True)
class Settings:
    """The settings of market data. The market decides the venues' addresses, and each can be set by itself.

    service: the settings that every service has.
    stale_seconds: the age above which a quote is stale.
    most_streams: the event streams that may be open at once.
    queue_limit: the frames of one venue that may wait for its worker.
    data_dir: the folder that bars and trades are kept in; nothing is kept when there is no such folder.
    btcturk: the settings of BTCTurk.
    algolab: the settings of Borsa Istanbul over AlgoLab; None when no symbol of it is followed.
    """

    service: ServiceSettings
    stale_seconds: float
    most_streams: int
    queue_limit: int
    data_dir: Path
    btcturk: btcturk.BtcturkSettings
    algolab: algolab.AlgolabSettings | None

    def listings(self) -> list[Listing]:
        """Returns every instrument that is followed."""
        return [listing for venue in (self.btcturk, self.algolab) if venue is not None for listing in venue.listings()]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Raises `SettingsError` that names each wrong variable, its value and the rule."""
        reader = Reader(environment)
        service = reader.service("marketdata")
        settings = cls(
            service=service,
            stale_seconds=reader.seconds("SPARK_QUOTE_STALE_SECONDS", 5.0, above=0.0, at_most=300.0),
            most_streams=reader.integer("SPARK_STREAMS_MAX", 200, at_least=1, at_most=1_000),
            queue_limit=reader.integer("SPARK_FEED_QUEUE_LIMIT", 20_000, at_least=100, at_most=1_000_000),
            data_dir=Path(reader.text("SPARK_DATA_DIR", "/data")),
            btcturk=btcturk.read(reader, service.market),
            algolab=algolab.read(reader, service.market),
        )
        reader.check()
        return settings
