"""The floor: joins what marketdata joins, reads and decodes each frame, and does nothing with it.

Arguments: the URL of the pairs' socket, the number of pairs, the URL of the shares' socket or none, their number.
"""

from __future__ import annotations

import json
import sys
import threading

import msgspec
from websocket import create_connection

from marketdata.venues.btcturk.subscriptions import ALL, TICKERS_OF_ALL_ABOVE


def follow(url: str, requests: list[str]) -> None:
    """Reads one socket for ever."""
    socket = create_connection(url, skip_utf8_validation=True)
    for request in requests:
        socket.send(request)
    while True:
        msgspec.json.decode(socket.recv())


def pair_requests(count: int) -> list[str]:
    """Returns the joins of so many pairs."""
    names = [f"P{number}TRY" for number in range(count)]
    joins = [(channel, name) for name in names for channel in ("trade", "obdiff", "tradeview")]
    joins += [("ticker", name) for name in (names if count <= TICKERS_OF_ALL_ABOVE else [ALL])]
    return [
        json.dumps([151, {"type": 151, "channel": channel, "event": name, "join": True}]) for channel, name in joins
    ]


def share_requests(count: int) -> list[str]:
    """Returns the subscriptions to so many shares."""
    return [
        json.dumps({"Type": kind, "Token": "", "Symbols": [f"S{number}" for number in range(count)]}) for kind in "TD"
    ]


def main(pairs_url: str, pairs: int, shares_url: str, shares: int) -> None:
    """Reads both sockets until it is killed."""
    if shares:
        threading.Thread(target=follow, args=(shares_url, share_requests(shares)), daemon=True).start()
    follow(pairs_url, pair_requests(pairs))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
