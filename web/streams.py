"""The event streams that the console reads: quotes from the market data service, orders from the executors."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence

from common import sse, wire
from common.answers import AccountStatus, OrdersSnapshot, Quotes, Resumed, Unfollowed
from common.codec import read
from common.errors import Unavailable
from common.event_stream import EventStream
from web.clients import Markets

SILENCE_SECONDS = 15.0

QuoteMessage = Quotes | wire.Quote | Unfollowed
OrderMessage = OrdersSnapshot | Resumed | wire.Order | AccountStatus
QUOTE_EVENTS: dict[str, type[QuoteMessage]] = {
    "snapshot": Quotes,
    "quote": wire.Quote,
    "unfollowed": Unfollowed,
}
ORDER_EVENTS: dict[str, type[OrderMessage]] = {
    "snapshot": OrdersSnapshot,
    "resumed": Resumed,
    "order": wire.Order,
    "account": AccountStatus,
}


class QuoteStream(EventStream):
    """Follows the market data service's stream of quotes."""

    def __init__(self, base_url: str, markets: Markets, *, silence: float = SILENCE_SECONDS) -> None:
        super().__init__(1, silence)
        self._url = f"{base_url}/v1/stream"
        self._markets = markets

    def follow(self) -> Iterator[QuoteMessage]:
        """Yields the snapshot, then each quote that moves and each symbol that was removed.

        Raises `Unavailable` as soon as the stream ends.
        """
        with contextlib.closing(self.open(self._url, "marketdata")) as events:
            for event in events:
                if event.name not in QUOTE_EVENTS:
                    continue
                message = read(QUOTE_EVENTS[event.name], event.data)
                if isinstance(message, Quotes):
                    self._markets.check(message.market, "marketdata")
                yield message


class OrderStream(EventStream):
    """Follows the stream of orders of one executor at a time. After a break, the next one continues it."""

    def __init__(self, urls: Sequence[str], markets: Markets, *, silence: float = SILENCE_SECONDS) -> None:
        super().__init__(len(urls), silence)
        self._urls = urls
        self._markets = markets
        self._next = 0
        self._last_id = ""

    def follow(self) -> Iterator[OrderMessage]:
        """Yields what one executor sends. Raises `Unavailable` as soon as the stream ends.

        The next call asks another executor to continue after the last event whose handling has ended. Nothing is then
        missed; an executor that can't continue begins with a snapshot.
        """
        with contextlib.closing(self._open_next()) as events:
            for event in events:
                if event.name not in ORDER_EVENTS:
                    continue
                message = read(ORDER_EVENTS[event.name], event.data)
                if not isinstance(message, wire.Order):
                    self._markets.check(message.market, "the executor")
                yield message
                self._last_id = event.id or self._last_id

    def _open_next(self) -> Generator[sse.Event, None, None]:
        reasons = list[str]()
        for _ in self._urls:
            number = self._next
            self._next = (number + 1) % len(self._urls)
            try:
                url = f"{self._urls[number]}/v1/orders/stream"
                return self.open(url, f"executor-{number + 1}", self._last_id)
            except Unavailable as failure:
                reasons.append(failure.message)
        raise Unavailable(f"no stream of orders: {'; '.join(reasons)}")
