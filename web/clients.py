"""The console's clients of the other services. They return typed answers in time, or raise `Unavailable`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import quote as in_path

import urllib3

from common import wire
from common.answers import (
    AccountStatus,
    Instruments,
    KillSwitchStatus,
    Orders,
    Quotes,
    TradingHold,
    TradingState,
    TradingStateStatus,
    Valuation,
)
from common.client import JsonClient
from common.errors import NotFound, Unavailable
from web.canary_answers import CanaryStatus, Package

READ_SECONDS = 2.0
WRITE_SECONDS = 8.0
CHUNK_BYTES = 64 * 1024
NOT_CONNECTED = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
FORWARDED_HEADERS = ("Content-Type", "Retry-After")


class MarketAnswer(Protocol):
    """An answer that says which market it is of."""

    @property
    def market(self) -> wire.Market: ...


T = TypeVar("T")
M = TypeVar("M", bound=MarketAnswer)


@dataclass(frozen=True)
class Forwarded:
    """An executor's answer, which the console hands on as it is.

    status: the HTTP status.
    body: the bytes of the body.
    headers: those of `FORWARDED_HEADERS` that the answer has.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True)
class TradingControls:
    """The controls of the account.

    state: the orders that may pass.
    holds: the reasons why trading is restricted.
    switches: the reason of every kill switch that is engaged, by its scope.
    """

    state: TradingState
    holds: tuple[TradingHold, ...]
    switches: Mapping[str, str]


class Markets:
    """Refuses answers of another market: simulated prices must never be shown as real ones."""

    def __init__(self, expected: wire.Market) -> None:
        self._expected = expected

    def check(self, market: wire.Market, service: str) -> None:
        """Raises `Unavailable` when `market` is not the console's own."""
        if market != self._expected:
            raise Unavailable(f"{service} is on the {market} market, this console on the {self._expected} one")

    def read(self, client: JsonClient, path: str, kind: type[M], service: str) -> M:
        """Asks `service` for `path` and returns its answer of this market. Raises `Unavailable`."""
        answer = _required(client.get(path, kind), service, path)
        self.check(answer.market, service)
        return answer


class MarketData:
    """Reads quotes and instruments of the market data service."""

    def __init__(self, base_url: str, markets: Markets) -> None:
        self._client = JsonClient(base_url, READ_SECONDS)
        self._markets = markets

    def quotes(self) -> tuple[wire.Quote, ...]:
        """Returns every quote as of now. Raises `Unavailable`."""
        return self._markets.read(self._client, "/v1/quotes", Quotes, "marketdata").quotes

    def instruments(self) -> tuple[wire.Instrument, ...]:
        """Returns everything that can be traded. Raises `Unavailable`."""
        return self._markets.read(self._client, "/v1/instruments", Instruments, "marketdata").instruments


class Executors:
    """Asks the executors, which share one account. Any of them may answer, so a dead one is passed over."""

    def __init__(self, urls: Sequence[str], markets: Markets) -> None:
        self._readers = [JsonClient(url, READ_SECONDS) for url in urls]
        self._writers = [JsonClient(url, WRITE_SECONDS) for url in urls]
        self._markets = markets
        self._first = 0

    def orders(self, limit: int) -> tuple[wire.Order, ...]:
        """Returns at most `limit` orders, newest first. Raises `Unavailable`."""
        return self._read(f"/v1/orders?limit={limit}&status=all", Orders).orders

    def account(self) -> AccountStatus:
        """Returns the account. Raises `Unavailable`."""
        return self._read("/v1/account", AccountStatus)

    def valuation(self) -> Valuation:
        """Returns the account at the newest marks. Raises `Unavailable`."""
        return self._read("/v1/valuation", Valuation)

    def controls(self) -> TradingControls:
        """Returns the holds and the kill switches of the account. Raises `Unavailable`."""
        trading = self._read("/v1/trading-state", TradingStateStatus)
        kill_switch = self._read("/v1/kill-switch", KillSwitchStatus)
        return TradingControls(trading.state, trading.holds, kill_switch.switches)

    def forward(self, method: str, path: str, body: bytes, authorization: str) -> Forwarded:
        """Sends a request with the caller's own token to the first executor that can be connected to.

        An executor that could not be connected to has certainly done nothing. After any other failure the outcome is
        unknown, so no other executor is asked; the same `client_order_id` may be sent again to learn it.
        Raises `Unavailable`.
        """

        def send(number: int) -> Forwarded:
            status, answer, headers = self._writers[number].request(
                method, path, body=body, headers={"Authorization": authorization}
            )
            return Forwarded(status, answer, {name: headers[name] for name in FORWARDED_HEADERS if name in headers})

        return self._in_turn(send, lambda failure: isinstance(failure.__cause__, NOT_CONNECTED))

    def _read(self, path: str, kind: type[M]) -> M:
        def ask(number: int) -> M:
            return _required(self._readers[number].get(path, kind), f"executor-{number + 1}", path)

        answer = self._in_turn(ask, lambda _failure: True)
        self._markets.check(answer.market, "the executor")
        return answer

    def _in_turn(self, ask: Callable[[int], T], may_ask_next: Callable[[Unavailable], bool]) -> T:
        """Asks one executor after the other, beginning with the one that answered last. Raises `Unavailable`."""
        begin, reasons = self._first, list[str]()
        for step in range(len(self._readers)):
            number = (begin + step) % len(self._readers)
            try:
                answer = ask(number)
            except Unavailable as failure:
                reasons.append(f"executor-{number + 1}: {failure.message}")
                if not may_ask_next(failure):
                    break
            else:
                self._first = number
                return answer
        raise Unavailable("; ".join(reasons))


class Canary:
    """Reads the canary's verdict and its evidence packages."""

    def __init__(self, base_url: str, markets: Markets) -> None:
        self._client = JsonClient(base_url, READ_SECONDS)
        self._markets = markets
        self._pool = urllib3.PoolManager(
            num_pools=1, maxsize=2, retries=False, timeout=urllib3.Timeout(connect=READ_SECONDS, read=WRITE_SECONDS)
        )

    def status(self) -> CanaryStatus:
        """Returns the present verdict. Raises `Unavailable`."""
        return self._markets.read(self._client, "/v1/status", CanaryStatus, "the canary")

    def packages(self) -> tuple[Package, ...]:
        """Returns the evidence packages, newest first. Raises `Unavailable`."""
        return _required(self._client.get("/v1/evidence", tuple[Package, ...]), "the canary", "/v1/evidence")

    def evidence(self, name: str) -> Iterator[bytes]:
        """Returns the bytes of one package in chunks. Raises `NotFound` or `Unavailable` before the first chunk."""
        url = f"{self._client.base_url}/v1/evidence/{in_path(name, safe='')}"
        try:
            answer = self._pool.request("GET", url, preload_content=False, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(f"the canary does not answer ({type(error).__name__})") from error
        if answer.status == 200:
            return _chunks(answer)
        answer.close()
        if 400 <= answer.status < 500:  # also for a name that no package can have: that is the client's mistake
            raise NotFound("the canary has no package of this name")
        raise Unavailable(f"the canary answered {answer.status}", answered=answer.status)


def _required(answer: T | None, service: str, path: str) -> T:
    """Returns the answer. Raises `Unavailable` for a 404, because the path should exist."""
    if answer is None:
        raise Unavailable(f"{service} does not know {path}")
    return answer


def _chunks(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    try:
        yield from answer.stream(CHUNK_BYTES)
    finally:
        answer.close()
