"""The settings of market data, read once at start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from common.settings import Reader, ServiceSettings
from marketdata.outbound import BadProxy, Proxies, Proxy, exemptions, proxy_at
from marketdata.state.listing import Listing
from marketdata.venues.algolab import settings as algolab
from marketdata.venues.algolab.frames import SOURCE as BIST
from marketdata.venues.btcturk import settings as btcturk
from marketdata.venues.btcturk.frames import SOURCE as BTCTURK

TAPES = "tapes"


@dataclass(frozen=True)
class TapeSettings:
    """The settings of the tape.

    folder: where the files are.
    total_bytes: the most that they may take on the disk.
    """

    folder: Path
    total_bytes: int


@dataclass(frozen=True)
class ReplayClock:
    """The unix time during a replay.

    begins: the unix time at the start.
    speed: how many times as fast as the real one it runs.
    """

    begins: float
    speed: float


@dataclass(frozen=True)
class Settings:
    """The settings of market data. The market decides the venues' addresses, and each can be set by itself.

    service: the settings that every service has.
    stale_seconds: the age above which a quote is stale.
    most_streams: the event streams that may be open at once.
    queue_limit: the frames of one venue that may wait for its worker.
    data_dir: the folder that bars and trades are kept in; nothing is kept when there is no such folder.
    operator_verifier: the verifier of the operator's token, which changes of feeds need; empty to let nobody.
    proxies: the proxies on the way to venues.
    btcturk: the settings of BTCTurk.
    algolab: the settings of Borsa Istanbul over AlgoLab; None when no symbol of it is followed.
    tape: the settings of the tape; None when nothing is recorded.
    replay: the unix time of a replay; None for the machine's own.
    """

    service: ServiceSettings
    stale_seconds: float
    most_streams: int
    queue_limit: int
    data_dir: Path
    operator_verifier: str
    proxies: Proxies
    btcturk: btcturk.BtcturkSettings
    algolab: algolab.AlgolabSettings | None
    tape: TapeSettings | None = None
    replay: ReplayClock | None = None

    def listings(self) -> list[Listing]:
        """Returns every instrument that is followed."""
        return [listing for venue in (self.btcturk, self.algolab) if venue is not None for listing in venue.listings()]

    def following(self, symbols: Iterable[str]) -> Settings:
        """Returns the settings with other symbols of the same venues; those of other venues are left out."""
        pairs = [symbol.partition(":")[::2] for symbol in symbols]
        of = {name: tuple(pair for venue, pair in pairs if venue == name) for name in (BTCTURK, BIST)}
        shares = None if self.algolab is None else replace(self.algolab, symbols=of[BIST] or self.algolab.symbols)
        return replace(self, btcturk=replace(self.btcturk, pairs=of[BTCTURK] or self.btcturk.pairs), algolab=shares)

    def followed(self) -> dict[str, str]:
        """Returns the settings that a replay needs to follow the same symbols in the same way."""
        found = {"SPARK_BTCTURK_PAIRS": ",".join(self.btcturk.pairs), "SPARK_BTCTURK_BOOKS": self.btcturk.book_channel}
        if self.algolab is None:
            return found | {"SPARK_BIST_SYMBOLS": algolab.NO_SYMBOLS}
        symbols, depth = ",".join(self.algolab.symbols), "on" if self.algolab.depth else "off"
        return found | {
            "SPARK_BIST_SYMBOLS": symbols,
            "SPARK_BIST_DEPTH": depth,
            "SPARK_BIST_SESSIONS": self.algolab.sessions,
        }

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Raises `SettingsError` that names each wrong variable, its value and the rule."""
        reader = Reader(environment)
        service, data_dir = reader.service("marketdata"), _data_dir(reader)
        settings = cls(
            service=service,
            stale_seconds=reader.seconds("SPARK_QUOTE_STALE_SECONDS", 5.0, above=0.0, at_most=300.0),
            most_streams=reader.integer("SPARK_STREAMS_MAX", 200, at_least=1, at_most=1_000),
            queue_limit=reader.integer("SPARK_FEED_QUEUE_LIMIT", 20_000, at_least=100, at_most=1_000_000),
            data_dir=data_dir,
            operator_verifier=_operator_verifier(reader),
            proxies=_proxies(reader),
            btcturk=btcturk.read(reader, service.market, data_dir),
            algolab=algolab.read(reader, service.market, data_dir),
            tape=_tape(reader, data_dir),
            replay=_replay(reader),
        )
        reader.check()
        return settings


def _operator_verifier(reader: Reader) -> str:
    """Reads the verifier where its file is named. A feed that a person has to log in to asks for it by itself."""
    named = reader.text("SPARK_OPERATOR_VERIFIER_FILE", "")
    return reader.verifier("SPARK_OPERATOR_VERIFIER") if named else ""


def _proxies(reader: Reader) -> Proxies:
    """Reads the usual variables, in both spellings; the small letters come first. A fault never tells the value."""
    return Proxies(
        secure=_proxy(reader, "HTTPS_PROXY", reader.text("https_proxy", "") or reader.text("HTTPS_PROXY", "")),
        plain=_proxy(reader, "HTTP_PROXY", reader.text("http_proxy", "") or reader.text("HTTP_PROXY", "")),
        exempt=exemptions(reader.text("no_proxy", ""), reader.text("NO_PROXY", "")),
    )


def _proxy(reader: Reader, name: str, address: str) -> Proxy | None:
    try:
        return proxy_at(address)
    except BadProxy as error:
        reader.fault(f"{name}: {error}")
        return None


def tapes_folder(reader: Reader) -> Path:
    """Returns the folder of the tapes, for the commands that read nothing else."""
    return _data_dir(reader) / TAPES


def _data_dir(reader: Reader) -> Path:
    return Path(reader.text("SPARK_DATA_DIR", "/data"))


def _tape(reader: Reader, data_dir: Path) -> TapeSettings | None:
    mib = reader.integer("SPARK_TAPE_MIB", 2048, at_least=1, at_most=1_000_000)
    if reader.choice("SPARK_TAPE", "off", ("off", "on")) == "off":
        return None
    return TapeSettings(data_dir / TAPES, mib * 2**20)


def _replay(reader: Reader) -> ReplayClock | None:
    speed = reader.seconds("SPARK_REPLAY_SPEED", 1.0, above=0.0, at_most=1000.0)
    begins = reader.seconds("SPARK_REPLAY_FROM", 0.0, at_least=0.0, at_most=1e10)
    return ReplayClock(begins, speed) if begins else None
