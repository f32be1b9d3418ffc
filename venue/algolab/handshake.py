"""Admits new sockets or refuses them: by path, API key, signature and session, or because of an armed fault."""

from __future__ import annotations

import hmac
from collections import Counter
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from venue.algolab.accounts import Accounts
from venue.algolab.crypto import checker
from venue.algolab.faults import AlgoLabFaults
from venue.socket_faults import refusal

PATH, SIGNED_PATH = "/api/ws", "/ws"
OUTCOMES = ("accepted", "not_found", "unauthorized", "fault")


class AlgoLabHandshake:
    """Answers every upgrade."""

    def __init__(self, accounts: Accounts, faults: AlgoLabFaults, outcomes: Counter[str]) -> None:
        """`outcomes` counts the upgrades by outcome."""
        self._accounts, self._faults, self._outcomes = accounts, faults, outcomes

    def process(self, connection: ServerConnection, request: Request) -> Response | None:
        """Returns the refusal; None admits the socket."""
        fault = self._faults.next_fault("refuse_upgrade")
        if fault is not None:
            return self._refuse(connection, "fault", fault.status or 503, fault.page)
        if request.path.partition("?")[0] != PATH:
            return self._refuse(connection, "not_found", HTTPStatus.NOT_FOUND)
        api_key = self._accounts.credentials.api_key
        given = [request.headers.get(name, "") for name in ("APIKEY", "Checker")]
        wanted = [api_key, checker(api_key, SIGNED_PATH, "")]
        right = all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip(given, wanted, strict=True))
        if not right or not self._accounts.valid(request.headers.get("Authorization", ""), use=True):
            return self._refuse(connection, "unauthorized", HTTPStatus.UNAUTHORIZED)
        self._outcomes["accepted"] += 1
        return None

    def _refuse(self, connection: ServerConnection, outcome: str, status: int, page: str | None = None) -> Response:
        self._outcomes[outcome] += 1
        return refusal(connection, status, "", page)
