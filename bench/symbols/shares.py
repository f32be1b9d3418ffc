"""AlgoLab's frames for any number of shares, at rates that were chosen, since the broker publishes none.

A busy minute of the exchange is taken to have one trade and four changed rows a second in each share: 3,000 frames a
second for 600 shares.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone

PEAK = {"tick": 1.0, "row": 4.0}
"""Frames of one share in a second."""
ROWS = 10
ISTANBUL = timezone(timedelta(hours=3))
BIDS = tuple(f"{99.95 - 0.05 * place:.2f}" for place in range(ROWS))
ASKS = tuple(f"{100.0 + 0.1 * place:.1f}" for place in range(1, ROWS + 1))


class Shares:
    """Shares whose books stand around 100 TRY. Quantities change, prices do not."""

    def __init__(self, count: int) -> None:
        self.names = tuple(f"S{number}" for number in range(count))
        self._asked = False
        self._turns = dict.fromkeys(PEAK, 0)

    def rates(self) -> Mapping[str, float]:
        """Returns how many frames of each kind come in a second, once a client has asked for books."""
        return {kind: rate * len(self.names) * self._asked for kind, rate in PEAK.items()}

    def heard(self, text: bytes) -> Sequence[bytes]:
        """Returns every row of the shares whose books a client asks for. Ticks come by themselves."""
        request = json.loads(text)
        if request["Type"] != "D":
            return []
        self._asked, now = True, _now()
        return [
            _row(share, side, number, 100, now)
            for share in request["Symbols"]
            for side in "BS"
            for number in range(ROWS)
        ]

    def make(self, kind: str) -> bytes:
        """Returns the next frame of a kind; the shares take turns."""
        turn = self._turns[kind]
        self._turns[kind] += 1
        share, lap = self.names[turn % len(self.names)], turn // len(self.names)
        if kind == "tick":
            return _tick(share, 1 + lap % 900, _now())
        return _row(share, "BS"[lap % 2], lap * 7 % ROWS, 100 + lap % 900, _now())


def _now() -> str:
    return datetime.now(ISTANBUL).strftime("%Y-%m-%dT%H:%M:%S+03:00")


def _tick(share: str, quantity: int, now: str) -> bytes:
    prices = (
        f'"Price":100.0,"Change":0.0,"Ask":{ASKS[0]},"Bid":{BIDS[0]},"ChangePercentage":0.0,"High":101.0,"Low":99.0'
    )
    trade = f'"TradeQuantity":{quantity}.0,"Direction":"B","RefPrice":100.0,"BalancePrice":0.0,"BalanceAmount":0.0'
    names = '"Buying":"Lodos","Selling":"Poyraz"'
    head = f'"Symbol":"{share}","Market":"IMKBH","Date":"{now}"'
    return f'{{"Type":"T","Content":{{{head},{prices},{trade},{names}}}}}'.encode()


def _row(share: str, side: str, number: int, quantity: int, now: str) -> bytes:
    price = (BIDS if side == "B" else ASKS)[number]
    place = f'"Direction":"{side}","Row":{number},"Quantity":{quantity},"Price":{price},"OrderCount":7'
    return f'{{"Type":"D","Content":{{"Symbol":"{share}","Market":"IMKBH",{place},"Date":"{now}"}}}}'.encode()
