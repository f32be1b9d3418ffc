"""One turn of an order's round trip: places an order, repeats it, and reads all that the ledger says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote, urlsplit

import msgspec

from canary.observation import AnswerPart
from canary.probes.exchange import GET, Came, HttpReply, Sent, part_of
from canary.probes.orders import (
    AFTER,
    AGAIN,
    BEFORE,
    BY_ID,
    FILLS,
    FILLS_ON_PAGE,
    POSITIONS,
    UNREADABLE,
    PlacedOrder,
    order_request,
)
from canary.probes.plan import Probe
from common import wire

NO_KEY = "the canary has no key for orders: SPARK_TRADER_TOKEN_FILE is not set"
_HIDDEN = b"(the key)"

Ask = Callable[[str, Sent], Came]
"""Sends one request to an address."""


def round_trip(probe: Probe, asked_at: datetime, key: str, ask: Ask) -> Came:
    """Places one order and returns its answer, with the answers of the other requests as its parts.

    Before it come positions and account; after it the same order again, the order by its id, the account and the
    fills. A request that fails before the order ends the turn, and is its answer. No answer holds the key.
    """
    if not key:
        return Came(None, "not_asked", NO_KEY)
    turn = _Turn(probe.url, key, ask)
    for name, path in ((POSITIONS, "/v1/positions"), (BEFORE, "/v1/account")):
        came = turn.get(name, path)
        if came.reply is None or came.reply.status != 200:
            return replace(came, parts=turn.parts)
    try:
        order = order_request(probe.declared, asked_at, turn.parts[0].body)
    except ValueError as error:
        return Came(None, "failed", f"{POSITIONS}: {error}", turn.parts)
    return turn.place(order)


class _Turn:
    """The requests of one turn, in their order, and the parts that they gave."""

    def __init__(self, url: str, key: str, ask: Ask) -> None:
        self.parts: tuple[AnswerPart, ...] = ()
        self._url = url
        self._site = urlsplit(url)._replace(path="", query="").geturl()
        self._key = key
        self._ask = ask

    def get(self, name: str, path: str) -> Came:
        """Reads one address, and keeps the answer as a part."""
        return self._kept(name, self._asked(self._site + path, GET))

    def place(self, order: dict[str, str]) -> Came:
        """Places the order and, unless it is denied, asks for the rest. Returns its answer with all parts."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        sent = Sent("POST", wire.encode(order), headers)
        came = self._asked(self._url, sent)
        placed = _placed(came)
        if placed is not None and placed.status != "denied":
            self._kept(AGAIN, self._asked(self._url, sent))
            self.get(BY_ID, f"/v1/orders/{quote(placed.order_id, safe='')}")
            # The account before the fills: then no fill that moved its cash is missing in the list.
            self.get(AFTER, "/v1/account")
            self.get(FILLS, f"/v1/fills?limit={FILLS_ON_PAGE}")
        return replace(came, parts=self.parts)

    def _asked(self, url: str, sent: Sent) -> Came:
        came = self._ask(url, sent)
        return came if came.reply is None else replace(came, reply=_without(self._key, came.reply))

    def _kept(self, name: str, came: Came) -> Came:
        self.parts += (part_of(name, came, keeps_body=True),)
        return came


def _placed(came: Came) -> PlacedOrder | None:
    """Returns the new order; None when the answer is another one."""
    if came.reply is None or came.reply.status != 201:
        return None
    try:
        return msgspec.json.decode(came.reply.raw, type=PlacedOrder)
    except UNREADABLE:
        return None


def _without(key: str, reply: HttpReply) -> HttpReply:
    """Returns the answer without the key, should a server send back what it was sent."""
    headers = {name: value.replace(key, _HIDDEN.decode()) for name, value in reply.headers.items()}
    return HttpReply(reply.status, headers, reply.raw.replace(key.encode(), _HIDDEN))
