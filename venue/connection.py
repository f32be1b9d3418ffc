"""The server's side of one socket, as both venues have it: one task listens, others send."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Sized
from contextlib import suppress
from typing import Any, Protocol

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from venue.armed_faults import ArmedFaults
from venue.counters import VenueCounters
from venue.socket_faults import Silence, hang_up, is_dark

log = logging.getLogger(__name__)


class Dated(Protocol):
    """A view of a symbol, with its time."""

    @property
    def at(self) -> float:
        """The time of the view, unix seconds."""


class ServedConnection(ABC):
    """Serves one socket.

    sent: the views up to which the client was sent everything that it subscribed to.
    """

    def __init__(
        self, connection: ServerConnection, joined: Sized, counters: VenueCounters, faults: ArmedFaults[Any]
    ) -> None:
        """`joined` are the socket's subscriptions."""
        self._connection, self._joined, self._counters = connection, joined, counters
        self._silence = Silence(faults)
        self.sent: Mapping[str, Dated] = {}

    @property
    def dark(self) -> bool:
        """True once the socket neither sends nor hears anything any more."""
        return is_dark(self._connection)

    async def serve(self) -> None:
        """Serves the socket until either side closes it."""
        tasks = [asyncio.create_task(self._guarded(sender)) for sender in self._senders()]
        try:
            with suppress(ConnectionClosed):
                await self._listen()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._counters.subscriptions -= len(self._joined)

    @abstractmethod
    async def _listen(self) -> None:
        """Reads the client's frames until the socket closes."""

    @abstractmethod
    def _senders(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """Returns the functions that send frames on their own; each runs until the socket closes."""

    async def _send(self, texts: Iterable[bytes]) -> None:
        for text in texts:
            await self._connection.send(text, text=True)
            self._counters.frames_sent += 1

    async def _guarded(self, sender: Callable[[], Awaitable[None]]) -> None:
        """Runs a sender. Its failure is counted and logged, and ends the socket."""
        try:
            await sender()
        except ConnectionClosed:
            return
        except Exception:
            self._counters.failures["socket"] += 1
            log.exception("a socket could not be served")
            hang_up(self._connection)
