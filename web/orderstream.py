"""The executors' stream of orders: one at a time, from whichever answers; each goes on where the last one ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import urllib3

from common import wire
from common.errors import Unavailable
from web import messages, sse
from web.clients import READ_SECONDS, SILENCE_SECONDS, Markets, as_it_comes

Message = messages.OrdersSnapshot | messages.Resumed | wire.Order | messages.AccountAnswer
KINDS: dict[str, type[Message]] = {
    "snapshot": messages.OrdersSnapshot,
    "resumed": messages.Resumed,
    "order": wire.Order,
    "account": messages.AccountAnswer,
}
REFUSED = (urllib3.exceptions.HTTPError, OSError)


class OrderStream:
    """Remembers the last event that it had. An executor from which nothing comes for `silence` seconds is given up."""

    def __init__(self, urls: Sequence[str], markets: Markets, *, silence: float = SILENCE_SECONDS) -> None:
        self._urls, self._markets = urls, markets
        self._pool = urllib3.PoolManager(
            num_pools=len(urls), maxsize=1, retries=False, timeout=urllib3.Timeout(connect=READ_SECONDS, read=silence)
        )
        self._number = 0
        self._last_id = ""

    def follow(self) -> Iterator[Message]:
        """What one executor tells, for ever. Raises `Unavailable` as soon as it ends, and asks another the next time;
        then nothing was missed unless a snapshot says so."""
        answer = self._open()
        try:
            yield from self._messages(answer)
        except (*REFUSED, sse.TooLarge) as error:
            raise Unavailable(f"the stream of orders broke ({type(error).__name__})") from error
        finally:
            answer.close()
            self._number = (self._number + 1) % len(self._urls)
        raise Unavailable("the executor ended the stream of orders")

    def _open(self) -> urllib3.BaseHTTPResponse:
        reasons = list[str]()
        headers = {"Connection": "close", **({"Last-Event-ID": self._last_id} if self._last_id else {})}
        for _ in self._urls:
            url = f"{self._urls[self._number]}/v1/orders/stream"
            try:
                answer = self._pool.request("GET", url, headers=headers, preload_content=False, redirect=False)
            except REFUSED as error:
                reasons.append(f"executor-{self._number + 1} does not answer ({type(error).__name__})")
            else:
                if answer.status == 200:
                    return answer
                answer.close()
                reasons.append(f"executor-{self._number + 1} answered {answer.status}")
            self._number = (self._number + 1) % len(self._urls)
        raise Unavailable(f"no stream of orders: {'; '.join(reasons)}")

    def _messages(self, answer: urllib3.BaseHTTPResponse) -> Iterator[Message]:
        """An event counts as had once whoever asked for it comes back for the next."""
        for event in sse.read(sse.lines(as_it_comes(answer))):
            if event is None or event.name not in KINDS:
                continue
            message = wire.decode(KINDS[event.name], event.data)
            if not isinstance(message, wire.Order):
                self._markets.check(message.market, "the executor")
            yield message
            self._last_id = event.id or self._last_id
