"""Takes what other executors forward, and answers it."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from executor.peers.frames import Frame, FrameSocket, PeerError
from executor.settings import PeerSettings

log = logging.getLogger(__name__)

WORKERS = 16
MOST_PEERS = 8
ACCEPT_SECONDS = 1.0

Answering = Callable[[bytes], tuple[int, bytes]]
"""Takes the JSON of a command; returns the HTTP status and the JSON of its answer. It raises nothing."""


class PeerServer:
    """Listens on a port of its own; its loop's step accepts one connection."""

    def __init__(self, settings: PeerSettings, answering: Answering) -> None:
        self._settings, self._answering = settings, answering
        self._listening: socket.socket | None = None
        self._port = 0
        self._lock = threading.Lock()
        self._peers: set[FrameSocket] = set()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="peer-work")

    @property
    def address(self) -> str:
        """The address at which other executors reach this one; empty before it listens."""
        return f"{self._settings.host}:{self._port}" if self._port else ""

    def open(self) -> None:
        """Begins to listen."""
        self._listening = socket.create_server(("", self._settings.port), backlog=MOST_PEERS)
        self._listening.settimeout(ACCEPT_SECONDS)
        self._port = int(self._listening.getsockname()[1])

    def step(self) -> float:
        """Accepts one connection, or none within a second; returns no pause."""
        assert self._listening is not None  # noqa: S101 - the parts open it before the loop begins
        try:
            accepted, _ = self._listening.accept()
        except TimeoutError:
            return 0.0
        except OSError:
            return ACCEPT_SECONDS
        if len(self._peers) >= MOST_PEERS:
            accepted.close()
        else:
            threading.Thread(target=self._serve, args=(accepted,), name="peer-requests", daemon=True).start()
        return 0.0

    def close(self) -> None:
        """Stops listening and ends all connections."""
        if self._listening is not None:
            self._listening.close()
        with self._lock:
            peers = list(self._peers)
        for peer in peers:
            peer.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _serve(self, accepted: socket.socket) -> None:
        try:
            peer = FrameSocket(accepted, self._settings.key, server=True)
        except PeerError as error:
            log.warning("an executor was refused", extra={"reason": str(error)})
            return
        sending = threading.Lock()
        with self._lock:
            self._peers.add(peer)
        try:
            while True:
                self._pool.submit(self._answer, peer, sending, peer.read())
        except (PeerError, RuntimeError):
            pass
        finally:
            with self._lock:
                self._peers.discard(peer)
            peer.close()

    def _answer(self, peer: FrameSocket, sending: threading.Lock, asked: Frame) -> None:
        status, body = self._answering(asked.body)
        try:
            with sending:
                peer.send(Frame(asked.number, status, body))
        except PeerError:
            peer.close()
