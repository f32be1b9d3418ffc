"""The settings of Borsa Istanbul over AlgoLab: shares, sessions, the broker's addresses, and the secrets for it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from common.settings import Reader
from common.tape import TapeError, TapeFile
from marketdata.state.listing import BookKind, Listing
from marketdata.venues.algolab.credentials import Credentials
from marketdata.venues.algolab.frames import SOURCE

DEFAULT_SYMBOLS = {"simulated": "THYAO,GARAN,AKBNK,ASELS,EREGL,TUPRS", "live": "none"}
NO_TAPE = NO_SYMBOLS = "none"
MOST_SYMBOLS = 600
"""About as many shares as the exchange lists; the feed was measured with as many."""
INDEX_PREFIX = "XU"
MIDNIGHT_IN_ISTANBUL = 21 * 3_600
"""In seconds after midnight UTC; Istanbul has no summer time."""

Sessions = Literal["always", "real"]
"""always: the exchange trades round the clock, as the simulated one may. real: it keeps its hours."""


@dataclass(frozen=True)
class AlgolabAddresses:
    """The addresses of the broker.

    websocket: its socket.
    rest: its REST calls.
    sms: where the simulated broker's text message can be read; empty where a person has to read it.
    """

    websocket: str
    rest: str
    sms: str


ADDRESSES = {
    "simulated": AlgolabAddresses("ws://venue:7003/api/ws", "http://venue:7001", "http://venue:7001/sim/sms"),
    "live": AlgolabAddresses("wss://www.algolab.com.tr/api/ws", "https://www.algolab.com.tr", ""),
}


@dataclass(frozen=True)
class AlgolabSettings:
    """The settings of Borsa Istanbul over AlgoLab.

    symbols: the shares and indices to follow.
    depth: true with a contract for depth: ten rows a side. False for the best prices alone.
    sessions: when the exchange trades.
    addresses: the broker's addresses.
    credentials: what the broker gave the customer.
    operator_verifier: the verifier of the token that a login needs.
    quiet_seconds: the feed may say nothing of a share for so long before its quote is stale.
    session_file: the file that keeps the session over restarts.
    ready_session: a session that the operator brought; empty for none.
    """

    symbols: tuple[str, ...]
    depth: bool
    sessions: Sessions
    addresses: AlgolabAddresses
    credentials: Credentials
    operator_verifier: str
    session_file: Path
    ready_session: str = ""
    quiet_seconds: float = 0.0

    def listings(self) -> list[Listing]:
        """Returns the instruments to follow. An index has prices and no book."""
        return [self.listing(symbol) for symbol in self.symbols]

    def listing(self, symbol: str) -> Listing:
        """Returns one instrument."""
        return Listing(
            SOURCE,
            symbol,
            self._book_kind(symbol),
            quiet_seconds=self.quiet_seconds,
            day_begins=MIDNIGHT_IN_ISTANBUL,
        )

    def _book_kind(self, symbol: str) -> BookKind:
        return "rows" if self.depth and not symbol.startswith(INDEX_PREFIX) else "top"


def read(reader: Reader, market: str, data_dir: Path) -> AlgolabSettings | None:
    """Reads the settings; None when no symbol is followed. The market decides the addresses; each can be set alone."""
    symbols = reader.names("SPARK_BIST_SYMBOLS", DEFAULT_SYMBOLS.get(market, NO_SYMBOLS), at_most=MOST_SYMBOLS)
    if symbols == (NO_SYMBOLS,):
        return None
    _check_redistribution(reader, market)
    credentials = _credentials(reader, market)
    default, always = ADDRESSES.get(market, ADDRESSES["simulated"]), "always" if market == "simulated" else "real"
    return AlgolabSettings(
        symbols=symbols,
        depth=reader.choice("SPARK_BIST_DEPTH", "on", ("on", "off")) == "on",
        sessions=cast(Sessions, reader.choice("SPARK_BIST_SESSIONS", always, ("always", "real"))),
        addresses=AlgolabAddresses(
            websocket=reader.url("SPARK_ALGOLAB_WS_URL", default.websocket, schemes=("ws", "wss")),
            rest=reader.url("SPARK_ALGOLAB_REST_URL", default.rest),
            sms=reader.url("SPARK_ALGOLAB_SMS_URL", default.sms),
        ),
        credentials=credentials,
        operator_verifier=reader.verifier("SPARK_OPERATOR_VERIFIER"),
        session_file=data_dir / "algolab_session.json",
        quiet_seconds=reader.seconds("SPARK_BIST_QUIET_SECONDS", 15.0, at_least=0.0, at_most=300.0),
        ready_session=reader.secret("SPARK_ALGOLAB_SESSION") if reader.text("SPARK_ALGOLAB_SESSION_FILE", "") else "",
    )


def _credentials(reader: Reader, market: str) -> Credentials:
    credentials = Credentials(
        reader.secret("SPARK_ALGOLAB_API_KEY"),
        reader.secret("SPARK_ALGOLAB_USERNAME"),
        reader.secret("SPARK_ALGOLAB_PASSWORD"),
    )
    if market == "live" and not all(credentials.secrets()):
        reader.fault("SPARK_BIST_SYMBOLS: the live market needs your credentials with AlgoLab: make bist-credentials")
    return credentials


def _check_redistribution(reader: Reader, market: str) -> None:
    """Exchange data may not be passed on without a licence: a live feed or its tape is served to this machine alone."""
    address, tape = reader.text("SPARK_BIND", "127.0.0.1"), reader.text("SPARK_VENUE_TAPE", NO_TAPE)
    licensed = reader.choice("SPARK_BIST_REDISTRIBUTION", "no", ("no", "licensed")) == "licensed"
    if licensed or is_loopback(address):
        return
    if market == "live" or (tape != NO_TAPE and _is_live(reader, tape)):
        reader.fault(
            f"SPARK_BIND={address!r}: Borsa Istanbul's data may not be passed on without a licence; publish on "
            "127.0.0.1, or set SPARK_BIST_REDISTRIBUTION=licensed if you have one"
        )


def _is_live(reader: Reader, tape: str) -> bool:
    """Returns true for a tape of any market but the simulated one. One that can't be read is a fault."""
    try:
        return TapeFile(Path(tape)).head.market != "simulated"
    except (TapeError, OSError) as error:
        reader.fault(f"SPARK_VENUE_TAPE={tape!r}: must be a tape: {error}")
        return False


def is_loopback(address: str) -> bool:
    """Returns true for an address that only this machine can reach; an IPv6 address may stand in brackets."""
    if address == "localhost":
        return True
    bare = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False
