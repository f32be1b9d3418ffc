"""The console's view of the other services: typed answers within a deadline, or `Unavailable` with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote as in_path

import urllib3

from common import wire
from common.client import JsonClient
from common.errors import NotFound, Unavailable
from web import messages, sse

T = TypeVar("T")
READ_SECONDS = 2.0
WRITE_SECONDS = 8.0
SILENCE_SECONDS = 15.0
NOT_CONNECTED = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)


@dataclass(frozen=True)
class Passed:
    """An answer that is handed on as it came."""

    status: int
    body: bytes
    content_type: str


class Markets:
    """Refuses answers of the other market: a simulated price in a live console would be a lie."""

    def __init__(self, expected: wire.Market) -> None:
        self._expected = expected

    def check(self, market: wire.Market, who: str) -> None:
        """Raises `Unavailable` when `market` is not the console's own."""
        if market != self._expected:
            raise Unavailable(f"{who} is on the {market} market, this console on the {self._expected} one")


def needed(found: T | None, who: str, path: str) -> T:
    """The answer itself; raises `Unavailable` for one that should exist and answered 404."""
    if found is None:
        raise Unavailable(f"{who} does not know {path}")
    return found


class MarketData:
    """Quotes and instruments, by request and as a stream."""

    def __init__(self, base_url: str, markets: Markets, *, silence: float = SILENCE_SECONDS) -> None:
        self._client = JsonClient(base_url, READ_SECONDS)
        self._markets = markets
        self._pool = urllib3.PoolManager(
            num_pools=1, maxsize=1, retries=False, timeout=urllib3.Timeout(connect=READ_SECONDS, read=silence)
        )

    def quotes(self) -> tuple[wire.Quote, ...]:
        """Every quote, as of now. Raises `Unavailable`."""
        answer = needed(self._client.get("/v1/quotes", messages.QuoteList), "marketdata", "/v1/quotes")
        self._markets.check(answer.market, "marketdata")
        return answer.quotes

    def instruments(self) -> tuple[wire.Instrument, ...]:
        """What can be traded. Raises `Unavailable`."""
        answer = needed(self._client.get("/v1/instruments", messages.InstrumentList), "marketdata", "/v1/instruments")
        self._markets.check(answer.market, "marketdata")
        return answer.instruments

    def stream(self) -> Iterator[messages.QuoteList | wire.Quote]:
        """First the snapshot, then each quote as it moves, for ever. Raises `Unavailable` as soon as it ends."""
        url = f"{self._client.base_url}/v1/stream"
        try:
            answer = self._pool.request("GET", url, preload_content=False, redirect=False)
            try:
                yield from self._messages(answer)
            finally:
                answer.close()
        except (urllib3.exceptions.HTTPError, OSError, sse.TooLarge) as error:
            raise Unavailable(f"the quote stream broke ({type(error).__name__})") from error
        raise Unavailable("marketdata ended the quote stream")

    def _messages(self, answer: urllib3.BaseHTTPResponse) -> Iterator[messages.QuoteList | wire.Quote]:
        if answer.status != 200:
            raise Unavailable(f"the quote stream answered {answer.status}", answered=answer.status)
        for event in sse.read(sse.lines(as_it_comes(answer))):
            if event is None:
                continue
            if event.name == "snapshot":
                snapshot = wire.decode(messages.QuoteList, event.data)
                self._markets.check(snapshot.market, "marketdata")
                yield snapshot
            elif event.name == "quote":
                yield wire.decode(wire.Quote, event.data)


class Executors:
    """One account behind several executors: whoever answers will do, and a dead one must not take the console down."""

    def __init__(self, urls: Sequence[str], markets: Markets) -> None:
        self._readers = [JsonClient(url, READ_SECONDS) for url in urls]
        self._writers = [JsonClient(url, WRITE_SECONDS) for url in urls]
        self._markets = markets
        self._first = 0

    def orders(self, limit: int) -> tuple[wire.Order, ...]:
        """The newest orders first. Raises `Unavailable`."""
        answer = self._read(f"/v1/orders?limit={limit}&status=all", messages.OrderList)
        self._markets.check(answer.market, "the executor")
        return answer.orders

    def positions(self) -> tuple[wire.Position, ...]:
        """What the account holds. Raises `Unavailable`."""
        answer = self._read("/v1/positions", messages.PositionList)
        self._markets.check(answer.market, "the executor")
        return answer.positions

    def account(self) -> messages.AccountAnswer:
        """Cash and reservations. Raises `Unavailable`."""
        answer = self._read("/v1/account", messages.AccountAnswer)
        self._markets.check(answer.market, "the executor")
        return answer

    def controls(self) -> messages.Controls:
        """What the account may do, and every kill switch that is engaged. Raises `Unavailable`."""
        state = self._read("/v1/trading-state", messages.TradingState)
        switch = self._read("/v1/kill-switch", messages.KillSwitch)
        for answer in (state, switch):
            self._markets.check(answer.market, "the executor")
        return messages.Controls(state=state.state, holds=state.holds, switches=switch.switches)

    def place(self, body: bytes, authorization: str) -> Passed:
        """Hands an order on, with the caller's own token. Raises `Unavailable`; see `_write` for what it means."""
        return self._write("/v1/orders", body, authorization)

    def cancel_all(self, body: bytes, authorization: str) -> Passed:
        """Hands on the wish to cancel all open orders, with the caller's own token. Raises `Unavailable`."""
        return self._write("/v1/orders/cancel-all", body, authorization)

    def cancel(self, order_id: str, authorization: str) -> Passed:
        """Hands a cancel on, with the caller's own token. Raises `Unavailable`."""
        return self._write(f"/v1/orders/{in_path(order_id, safe='')}/cancel", b"{}", authorization)

    def set_trading_state(self, body: bytes, authorization: str) -> Passed:
        """Hands on the wish to hold the account or to let it go, with the caller's own token. Raises `Unavailable`."""
        return self._write("/v1/trading-state", body, authorization, method="PUT")

    def _read(self, path: str, kind: type[T]) -> T:
        def ask(number: int) -> T:
            return needed(self._readers[number].get(path, kind), f"executor-{number + 1}", path)

        return self._in_turn(ask, lambda _failure: True)

    def _write(self, path: str, body: bytes, authorization: str, *, method: str = "POST") -> Passed:
        """Only an executor that could not be connected to is passed over: it has certainly done nothing.

        After any other failure the outcome is unknown; the same `client_order_id` may be sent again to learn it.
        """

        def send(number: int) -> Passed:
            status, answer, headers = self._writers[number].request(
                method, path, body=body, headers={"Authorization": authorization}
            )
            return Passed(status, answer, headers.get("Content-Type", "application/json"))

        return self._in_turn(send, lambda failure: isinstance(failure.__cause__, NOT_CONNECTED))

    def _in_turn(self, ask: Callable[[int], T], may_pass_over: Callable[[Unavailable], bool]) -> T:
        """Asks the executors in turn, beginning with the one that answered last."""
        begin, reasons = self._first, list[str]()
        for step in range(len(self._readers)):
            number = (begin + step) % len(self._readers)
            try:
                answer = ask(number)
            except Unavailable as failure:
                reasons.append(f"executor-{number + 1}: {failure.message}")
                if not may_pass_over(failure):
                    break
            else:
                self._first = number
                return answer
        raise Unavailable("; ".join(reasons))


class Canary:
    """The canary's verdict and its evidence packages."""

    def __init__(self, base_url: str, markets: Markets) -> None:
        self._client = JsonClient(base_url, READ_SECONDS)
        self._markets = markets
        self._pool = urllib3.PoolManager(
            num_pools=1, maxsize=2, retries=False, timeout=urllib3.Timeout(connect=READ_SECONDS, read=WRITE_SECONDS)
        )

    def status(self) -> messages.CanaryStatus:
        """The present verdict. Raises `Unavailable`."""
        answer = needed(self._client.get("/v1/status", messages.CanaryStatus), "the canary", "/v1/status")
        self._markets.check(answer.market, "the canary")
        return answer

    def packages(self) -> tuple[messages.Package, ...]:
        """The evidence packages there are, newest first. Raises `Unavailable`."""
        return needed(self._client.get("/v1/evidence", tuple[messages.Package, ...]), "the canary", "/v1/evidence")

    def evidence(self, name: str) -> Iterator[bytes]:
        """The bytes of one package. Raises `NotFound` or `Unavailable`, before the first byte."""
        url = f"{self._client.base_url}/v1/evidence/{in_path(name, safe='')}"
        try:
            answer = self._pool.request("GET", url, preload_content=False, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(f"the canary does not answer ({type(error).__name__})") from error
        if answer.status == 200:
            return _drained(answer)
        answer.close()
        if answer.status == 404:
            raise NotFound("the canary has no package of this name")
        raise Unavailable(f"the canary answered {answer.status}", answered=answer.status)


def as_it_comes(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """Whatever has arrived, as soon as something has."""
    while chunk := answer.read1(64 * 1024):
        yield chunk


def _drained(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    try:
        yield from answer.stream(64 * 1024)
    finally:
        answer.close()
