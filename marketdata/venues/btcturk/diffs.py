"""Reads the changes of a book (432), as most frames are, quickly when they are written as usual. Pure.

A venue names the same few prices again and again. To make a `Decimal` of a text, to hold it against the bounds and the
tick, and to hash it takes most of a frame's time. So each price is made and judged once, and then found by its text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation

import msgspec

from marketdata.venues.btcturk import shapes
from marketdata.venues.btcturk.readings import LEAST, MOST

KIND = "432"
MOST_PRICES, LONGEST_PRICE = 512, 40
"""The most prices of a pair that are remembered, and the longest text of one: about 100 KB a pair. Two full sides have
200 levels."""
_BEGINNING = b"[432,"


class _Change(msgspec.Struct, frozen=True, gc=False, rename={"kind": "CP", "price": "P", "quantity": "A"}):
    """A change whose price is still a text.

    kind: the venue's code.
    price: the level's price.
    quantity: the new quantity.
    """

    kind: int
    price: str
    quantity: Decimal


class _Diff(msgspec.Struct, frozen=True, gc=False, rename={"pair": "PS", "sequence": "CS", "asks": "AO", "bids": "BO"}):
    """A 432 whose prices are still texts.

    pair, channel: the stream that it came on.
    sequence: the number of the version after the changes.
    asks, bids: the changes.
    """

    pair: str
    channel: str
    sequence: int
    asks: list[_Change]
    bids: list[_Change]


_decode = msgspec.json.Decoder(tuple[int, _Diff]).decode


class _Prices(dict[str, Decimal]):
    """The prices of one pair that are possible and on its tick, by their texts. It forgets all when it is full.

    tick: the step of the prices.
    """

    def __init__(self, tick: Decimal) -> None:
        super().__init__()
        self.tick = tick

    def __missing__(self, text: str) -> Decimal:
        """Returns the price of a new text. Raises `InvalidOperation` for one that needs a closer look."""
        price = Decimal(text)
        if len(text) > LONGEST_PRICE or not LEAST <= price <= MOST or price % self.tick:
            raise InvalidOperation
        if len(self) >= MOST_PRICES:
            self.clear()
        self[text] = price
        return price


class DiffReader:
    """Tells what `frames.parse` would tell, of frames with every price on its tick. It leaves all others alone."""

    def __init__(self, tick: Callable[[str], Decimal | None]) -> None:
        """`tick` returns the step of a pair's prices; None while it is not known."""
        self._tick = tick
        self._prices: dict[str, _Prices] = {}

    def read(self, frame: bytes) -> shapes.BtcturkDiff | None:
        """Returns the changes that a frame tells; None for a frame that needs a closer look. Never raises."""
        if not frame.startswith(_BEGINNING):
            return None
        try:
            told = _decode(frame)[1]
            tick = self._tick(told.pair)
            if tick is None:
                return None
            prices = self._prices.get(told.pair)
            if prices is None or prices.tick != tick:
                prices = self._prices[told.pair] = _Prices(tick)
            asks, bids = _usable(told.asks, prices), _usable(told.bids, prices)
        except (msgspec.DecodeError, InvalidOperation, ValueError, OverflowError, RecursionError):
            return None
        return shapes.BtcturkDiff(told.pair, told.channel, told.sequence, asks, bids)


def _usable(changes: Sequence[_Change], prices: _Prices) -> tuple[shapes.BtcturkChange, ...]:
    """Returns changes with their prices. Raises `InvalidOperation` for a price or quantity that is not as usual."""
    found = []
    for change in changes:
        quantity = change.quantity
        if not LEAST <= quantity <= MOST:
            raise InvalidOperation
        found.append(shapes.BtcturkChange(change.kind, prices[change.price], quantity))
    return tuple(found)
