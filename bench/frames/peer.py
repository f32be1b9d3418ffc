"""cryptofeed's Binance path: read, decode, book or trade, callback. Arguments: URL COUNT SEED bare|quote.

With `quote` the callback takes the best prices, which our own path always finds.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from decimal import Decimal

from cryptofeed.defines import ASK, BID, L2_BOOK, TRADES
from cryptofeed.exchanges import Binance
from cryptofeed.symbols import Symbols
from cryptofeed.types import OrderBook
from websockets.asyncio.client import connect

from bench.frames.tape import PAIRS, fresh_pairs

QUOTE_ASSETS = ("USDT", "TRY")


def standard_name(pair: str) -> str:
    """BTC-TRY for BTCTRY, as the library names it."""
    quote = next(asset for asset in QUOTE_ASSETS if pair.endswith(asset))
    return f"{pair.removesuffix(quote)}-{quote}"


class Callbacks:
    """What a user of the library would do with a book: keep its best prices."""

    def __init__(self, *, quotes: bool) -> None:
        self.books = self.trades = 0
        self.best: dict[str, tuple[object, object]] = {}
        self._quotes = quotes

    async def on_book(self, book: OrderBook, _received: float) -> None:
        self.books += 1
        if self._quotes:
            self.best[book.symbol] = (book.book.bids.index(0), book.book.asks.index(0))

    async def on_trade(self, _trade: object, _received: float) -> None:
        self.trades += 1


def prepared(seed: int, callbacks: Callbacks) -> Binance:
    """The feed with its symbols and first books, which it would otherwise ask the exchange for."""
    names = {standard_name(pair): pair for pair in PAIRS}
    Symbols.set(Binance.id, names, {})
    feed = Binance(
        symbols=list(names),
        channels=[L2_BOOK, TRADES],
        callbacks={L2_BOOK: callbacks.on_book, TRADES: callbacks.on_trade},
    )
    held = fresh_pairs(random.Random(seed))
    for name, pair in names.items():
        book = OrderBook(Binance.id, name, max_depth=0)
        for side, ours in ((ASK, held[pair].asks), (BID, held[pair].bids)):
            for ticks in ours.prices:
                book.book[side][Decimal(ticks)] = Decimal(ours.amounts[ticks]).scaleb(-8)
        feed._l2_book[name] = book
        feed.last_update_id[name] = 1
    return feed


async def main(url: str, count: int, seed: int, mode: str) -> None:
    """Prints frames per second; fails when frames did not reach the callbacks."""
    callbacks = Callbacks(quotes=mode == "quote")
    feed = prepared(seed, callbacks)
    taken, begun = 0, 0.0
    async with connect(url, compression=None, max_size=None, ping_interval=None) as socket:
        async for message in socket:
            await feed.message_handler(message, None, time.time())
            taken += 1
            if taken == 1:
                begun = time.perf_counter()
            elif taken == count:
                print((count - 1) / (time.perf_counter() - begun))
                break
    if callbacks.books + callbacks.trades < count:
        raise SystemExit(f"the callbacks saw {callbacks.books} books and {callbacks.trades} trades of {count} frames")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
