"""AlgoLab's WebSocket: one thread with an event loop that moves the exchange and serves every socket."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from venue.bist.accounts import Accounts
from venue.bist.connection import Connection, Pace
from venue.bist.crypto import checker
from venue.bist.faults import Faults
from venue.bist.session import Session
from venue.bist.tally import Tally
from venue.bist.views import View
from venue.marketserver import MarketServer, Moving

log = logging.getLogger(__name__)

PATH, SIGNED_PATH = "/api/ws", "/ws"


class AlgoLabServer(MarketServer[View]):
    """Serves AlgoLab's socket. When `clock` stands still, or after `pause()`, and once `settled()`, `views` is row by
    row what a client that lost nothing must show."""

    def __init__(
        self,
        market: Moving[View],
        accounts: Accounts,
        faults: Faults,
        *,
        host: str,
        port: int,
        clock: Callable[[], float],
        pace: Pace | None = None,
    ) -> None:
        self.accounts, self.faults, self.tally = accounts, faults, Tally()
        self._pace = pace or Pace()
        super().__init__(
            market,
            name="algolab-loop",
            host=host,
            port=port,
            step=self._pace.step,
            clock=clock,
            failures=self.tally.failures,
        )
        self._connections: set[Connection] = set()

    def settled(self) -> bool:
        """Whether every open socket that still hears was sent all it subscribed to, up to the present `views`."""
        moments = _moments(self.views)
        open_ones = [connection for connection in self._connections.copy() if not connection.dark]
        return all(_moments(connection.told) == moments for connection in open_ones)

    def _options(self) -> dict[str, Any]:
        return {"process_request": self._admit}

    def _leave(self) -> None:
        for connection in self._connections:
            connection.drop_if_dark()

    def _admit(self, socket: ServerConnection, request: Request) -> Response | None:
        """Answers an upgrade: None lets it in, anything else is the refusal."""
        fault = self.faults.take("refuse_upgrade")
        if fault is not None:
            return self._refused(socket, "fault", fault.status or 503)
        if request.path.partition("?")[0] != PATH:
            return self._refused(socket, "not_found", HTTPStatus.NOT_FOUND)
        api_key = self.accounts.credentials.api_key
        given = [request.headers.get(name, "") for name in ("APIKEY", "Checker")]
        wanted = [api_key, checker(api_key, SIGNED_PATH, "")]
        right = all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(given, wanted, strict=True))
        if not right or not self.accounts.valid(request.headers.get("Authorization", ""), use=True):
            return self._refused(socket, "unauthorized", HTTPStatus.UNAUTHORIZED)
        self.tally.upgrades["accepted"] += 1
        return None

    def _refused(self, socket: ServerConnection, outcome: str, status: int) -> Response:
        self.tally.upgrades[outcome] += 1
        return socket.respond(HTTPStatus(status), "")

    async def _handle(self, socket: ServerConnection) -> None:
        authorization = socket.request.headers["Authorization"] if socket.request else ""
        connection = Connection(
            socket,
            Session(authorization),
            tally=self.tally,
            faults=self.faults,
            views=lambda: self.views,
            valid=lambda: self.accounts.valid(authorization, use=False),
        )
        self.tally.connections += 1
        self._connections.add(connection)
        try:
            await connection.serve(self._pace)
        except Exception:
            self.tally.failures["socket"] += 1
            log.exception("a socket's handler failed")
        finally:
            self._connections.discard(connection)
            self.tally.connections -= 1


def _moments(views: Mapping[str, View]) -> dict[str, float]:
    return {symbol: view.at for symbol, view in views.items()}
