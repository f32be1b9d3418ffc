"""One side of a trial: an executor over HTTP, on one kept connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec
import urllib3

from canary.trial.books import AccountBooks, FillsPage
from canary.trial.plan import TrialStep
from canary.trial.results import MetMarket, SideAnswer, order_id
from common import wire
from common.answers import AccountStatus, Instruments, Orders, Positions, Quotes
from common.errors import InvalidRequest, Unavailable

T = TypeVar("T")
Page = TypeVar("Page", Orders, FillsPage)

TIMEOUT_SECONDS = 5.0
_MOST_BYTES = 16 * 2**20
_ON_PAGE = 500
_MOST_PAGES = 100
"""More than any trial needs."""


class SideFailed(Unavailable):
    """An executor of the trial did not answer a question about its books as it should.

    side: its name.
    """

    def __init__(self, side: str, message: str) -> None:
        super().__init__(message)
        self.side = side


class Side:
    """One executor. `token` is the operator's; `monotonic` measures the durations, in seconds."""

    def __init__(self, name: str, url: str, token: str, monotonic: Callable[[], float]) -> None:
        self.name = name
        self._web = _Web(url, monotonic)
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self._ids: dict[str, str] = {}

    def send(self, step: TrialStep) -> SideAnswer:
        """Returns the answer to one step. A failure is an answer too."""
        if step.body is not None:
            answer = self._web.ask("POST", "/v1/orders", self._headers, wire.encode(step.body))
            found = order_id(answer)
            if found is not None:
                self._ids[step.client_order_id] = found
            return answer
        known = self._ids.get(step.client_order_id)
        if known is None:
            return SideAnswer(seconds=0.0, trouble=f"it has no order {step.client_order_id}")
        if step.kind == "cancel":
            return self._web.ask("POST", f"/v1/orders/{known}/cancel", self._headers)
        return self._web.ask("GET", f"/v1/orders/{known}", {})

    def arrival(self, client_order_id: str) -> MetMarket | None:
        """Returns the market as an order met it; None for one that was not accepted. Raises `SideFailed`."""
        known = self._ids.get(client_order_id)
        if known is None:
            return None
        page = self._read(f"/v1/events?kind=accepted&order_id={known}", _Accepted)
        return page.events[0].content.arrival if page.events else None

    def account(self) -> AccountStatus:
        """Returns the account. Raises `SideFailed`."""
        return self._read("/v1/account", AccountStatus)

    def limits(self) -> TradeLimits:
        """Returns the limits that pace a trial. Raises `SideFailed`."""
        return self._read("/v1/limits", _Limits).limits

    def books(self, before: AccountStatus) -> AccountBooks:
        """Returns the books as they are now; `before` is the account before the first order. Raises `SideFailed`."""
        orders = [one for page in self._pages("/v1/orders", Orders) for one in page.orders]
        fills = [one for page in self._pages("/v1/fills", FillsPage) for one in page.fills]
        return AccountBooks(
            before=before,
            after=self.account(),
            positions=self._read("/v1/positions", Positions),
            orders=tuple(orders),
            fills=tuple(fills),
        )

    def _pages(self, path: str, kind: type[Page]) -> Iterator[Page]:
        """Returns every page of a list. Raises `SideFailed`, also for a list that does not end."""
        place: int | None = None
        for _ in range(_MOST_PAGES):
            page = self._read(f"{path}?limit={_ON_PAGE}{_before(place)}", kind)
            yield page
            place = page.next
            if place is None:
                return
        raise SideFailed(self.name, f"{path} has more than {_MOST_PAGES} pages")

    def _read(self, path: str, kind: type[T]) -> T:
        try:
            return self._web.read(path, kind)
        except Unavailable as error:
            raise SideFailed(self.name, error.message) from error


class MarketDataClient:
    """Market data over HTTP."""

    def __init__(self, url: str, monotonic: Callable[[], float]) -> None:
        self._web = _Web(url, monotonic)

    def instruments(self) -> Instruments:
        """Returns everything that can be traded. Raises `Unavailable`."""
        return self._web.read("/v1/instruments", Instruments)

    def quotes(self) -> Quotes:
        """Returns the best prices. Raises `Unavailable`."""
        return self._web.read("/v1/quotes", Quotes)


class TradeLimits(wire.Message, frozen=True, kw_only=True):
    """The limits that pace a trial.

    max_orders_per_second: new orders within any second.
    max_executions: executions of one symbol and side within any minute.
    """

    max_orders_per_second: int
    max_executions: int


class _Limits(wire.Message, frozen=True, kw_only=True):
    """`GET /v1/limits` of an executor.

    limits: the limits in force.
    """

    limits: TradeLimits


class _AcceptedContent(wire.Message, frozen=True, kw_only=True):
    """The content of an event `accepted`.

    arrival: the market at that moment.
    """

    arrival: MetMarket


class _AcceptedEvent(wire.Message, frozen=True, kw_only=True):
    """An event `accepted`.

    content: its content.
    """

    content: _AcceptedContent


class _Accepted(wire.Message, frozen=True, kw_only=True):
    """A page of events of the kind `accepted`.

    events: newest first.
    """

    events: tuple[_AcceptedEvent, ...]


class _Web:
    """One service over HTTP, on one kept connection."""

    def __init__(self, url: str, monotonic: Callable[[], float]) -> None:
        self._pool = urllib3.connection_from_url(url, maxsize=1, retries=False, timeout=TIMEOUT_SECONDS)
        self._url = url
        self._monotonic = monotonic

    def ask(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> SideAnswer:
        """Returns the answer to one request."""
        begin = self._monotonic()
        try:
            reply = self._pool.urlopen(method, path, body=body, headers=headers, preload_content=False)
            read = reply.read(_MOST_BYTES + 1)
            if len(read) > _MOST_BYTES:
                reply.close()
                return SideAnswer(seconds=self._monotonic() - begin, trouble=f"its answer is above {_MOST_BYTES} bytes")
            reply.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return SideAnswer(seconds=self._monotonic() - begin, trouble=f"no whole answer ({type(error).__name__})")
        return SideAnswer(seconds=self._monotonic() - begin, status=reply.status, body=read)

    def read(self, path: str, kind: type[T]) -> T:
        """Returns the message at a path. Raises `Unavailable`."""
        answer = self.ask("GET", path, {})
        if answer.status != 200:
            raise Unavailable(f"{self._url}{path}: {answer.trouble or f'status {answer.status}'}")
        try:
            return wire.decode(kind, answer.body)
        except (InvalidRequest, msgspec.MsgspecError) as error:
            raise Unavailable(f"{self._url}{path}: its answer can't be read ({type(error).__name__})") from error


def _before(place: int | None) -> str:
    return "" if place is None else f"&before={place}"
