"""The settings of BTCTurk: its addresses, its pairs, and the check of its books."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from common.settings import Reader
from marketdata.state.listing import Listing
from marketdata.venues.btcturk.frames import BOOK_CHANNELS, SOURCE, BookChannel

MOST_PAIRS = 400
"""The venue lists 379; one socket and the budgets of REST calls were measured with as many."""
DEFAULT_PAIRS = "BTCTRY,ETHTRY,USDTTRY,BTCUSDT,ETHUSDT"


@dataclass(frozen=True)
class BtcturkAddresses:
    """The addresses of the venue.

    websocket: its socket.
    rest: its REST calls.
    chart: its calls for bars.
    """

    websocket: str
    rest: str
    chart: str


ADDRESSES = {
    "simulated": BtcturkAddresses("ws://venue:7002", "http://venue:7001", "http://venue:7001"),
    "live": BtcturkAddresses(
        "wss://ws-feed-pro.btcturk.com", "https://api.btcturk.com", "https://graph-api.btcturk.com"
    ),
}


@dataclass(frozen=True)
class BtcturkSettings:
    """The settings of BTCTurk.

    pairs: the pairs to follow, as the venue spells them.
    book_channel: the channel that books come by.
    addresses: the venue's addresses.
    audit_seconds: the seconds between two audits of one book; 0 for none.
    instruments_file: keeps the last known instruments over restarts; None for none.
    """

    pairs: tuple[str, ...]
    book_channel: BookChannel
    addresses: BtcturkAddresses
    audit_seconds: float = 0.0
    instruments_file: Path | None = None

    def listings(self) -> list[Listing]:
        """Returns the instruments to follow."""
        return [self.listing(pair) for pair in self.pairs]

    def listing(self, pair: str) -> Listing:
        """Returns one instrument."""
        return Listing(SOURCE, pair, "diffs")


def read(reader: Reader, market: str, data_dir: Path) -> BtcturkSettings:
    """Reads the settings. The market decides the addresses; each can be set by itself."""
    default = ADDRESSES.get(market, ADDRESSES["simulated"])
    return BtcturkSettings(
        pairs=reader.names("SPARK_BTCTURK_PAIRS", DEFAULT_PAIRS, at_most=MOST_PAIRS),
        book_channel=cast(BookChannel, reader.choice("SPARK_BTCTURK_BOOKS", "obdiff", BOOK_CHANNELS)),
        addresses=BtcturkAddresses(
            websocket=reader.url("SPARK_BTCTURK_WS_URL", default.websocket, schemes=("ws", "wss")),
            rest=reader.url("SPARK_BTCTURK_REST_URL", default.rest),
            chart=reader.url("SPARK_BTCTURK_CHART_URL", default.chart),
        ),
        audit_seconds=reader.seconds("SPARK_BOOK_AUDIT_SECONDS", 60.0, at_least=0.0),
        instruments_file=data_dir / "btcturk_instruments.json",
    )
