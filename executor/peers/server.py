"""Takes what other executors forward, and sends the answers."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from executor.peers.frames import FrameSocket, PeerError, PeerFrame
from executor.settings import PeerSettings

log = logging.getLogger(__name__)

WORKERS = 16
MOST_PEERS = 8
ACCEPT_SECONDS = 1.0


class Peer:
    """One connected executor. Answers that are ready together are sent together."""

    def __init__(self, connected: FrameSocket, pool: ThreadPoolExecutor) -> None:
        self._socket, self._pool = connected, pool
        self._lock = threading.Lock()
        self._answers: list[bytes] = []
        self._sending = False

    def put(self, frame: PeerFrame) -> None:
        """Adds an answer that the next flush sends."""
        with self._lock:
            self._answers.append(frame.to_bytes())

    def flush(self) -> None:
        """Sends what was put, without any wait: what does not fit into the socket's buffer is left to a thread."""
        if self._begin_sending():
            self._send(wait=False)

    def by_thread(self, number: int, work: Callable[[], tuple[int, bytes]]) -> None:
        """Has a thread do a work and send its answer."""

        def do() -> None:
            self.put(PeerFrame(number, *work()))
            if self._begin_sending():
                self._send(wait=True)

        with suppress(RuntimeError):  # this executor stops
            self._pool.submit(do)

    def _begin_sending(self) -> bool:
        """Returns true when nobody sends; then the caller must. Whoever sends takes all that is put meanwhile."""
        with self._lock:
            if self._sending or not self._answers:
                return False
            self._sending = True
            return True

    def _send(self, *, wait: bool) -> None:
        rest: bytes | memoryview = b""
        try:
            while True:
                if not rest:
                    with self._lock:
                        rest, self._answers = b"".join(self._answers), []
                        if not rest:
                            self._sending = False
                            return
                if wait:
                    self._socket.send_all(rest)
                    rest = b""
                else:
                    rest = self._socket.send_some(rest)
                    if rest:
                        self._leave_to_a_thread(rest)
                        return
        except PeerError:
            self._socket.close()  # and `_sending` stays: nothing is sent any more

    def _leave_to_a_thread(self, rest: bytes | memoryview) -> None:
        def send() -> None:
            try:
                self._socket.send_all(rest)
            except PeerError:
                self._socket.close()
            else:
                self._send(wait=True)

        with suppress(RuntimeError):
            self._pool.submit(send)


class PeerReply(NamedTuple):
    """The way back for the answer to one request.

    peer: the executor that asked.
    number: the request's number.
    """

    peer: Peer
    number: int

    def __call__(self, status: int, body: bytes) -> None:
        """Sends the answer at once."""
        self.later(status, body)()

    def later(self, status: int, body: bytes) -> Callable[[], None]:
        """Keeps the answer, and returns the function that sends it with all others that are kept."""
        self.peer.put(PeerFrame(self.number, status, body))
        return self.peer.flush

    def by_thread(self, work: Callable[[], tuple[int, bytes]]) -> None:
        """Has a thread do a work that may wait, and send what it returns."""
        self.peer.by_thread(self.number, work)


Taking = Callable[[bytes, PeerReply], None]
"""Takes the JSON of a command and sees to its answer. It neither waits nor raises."""


class PeerServer:
    """Listens on a port of its own; its loop's step accepts one connection."""

    def __init__(self, settings: PeerSettings, taking: Taking) -> None:
        self._settings, self._taking = settings, taking
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
            connected = FrameSocket(accepted, self._settings.key, server=True)
        except PeerError as error:
            log.warning("an executor was refused", extra={"reason": str(error)})
            return
        with self._lock:
            self._peers.add(connected)
        peer = Peer(connected, self._pool)
        try:
            while True:
                asked = connected.read()
                self._taking(asked.body, PeerReply(peer, asked.number))
        except PeerError:
            pass
        finally:
            with self._lock:
                self._peers.discard(connected)
            connected.close()
