"""The HTTP server's worker: a request gets a thread when all of it has come, so slow clients cost no thread.

gunicorn's own threaded worker gives a connection a thread with its first byte. A few clients that never end their body
then hold every thread, and the server answers nobody. Here the main thread reads heads and bodies as they come, within
`REQUEST_SECONDS`, and it closes connections without waiting for anyone. The names of gunicorn's that this relies on are
those of the pinned version; the tests of this module hold them.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from functools import partial
from typing import Any

from gunicorn import http
from gunicorn.workers.gthread import TConn, ThreadWorker

from common import wire
from common.errors import error_body
from common.framing import BadFraming, Framing

REQUEST_SECONDS = 10.0
"""Within this time a request must have come whole, from the connection or from its first byte on a kept-alive one."""
SEND_SECONDS = 15.0
"""A client that takes nothing of its answer for so long is cut off."""
LINGER_SECONDS = 2.0
"""After an answer that ends the connection, what the client still sends is read and dropped for so long."""
STOPPING_SECONDS = 0.3
"""A stopping worker keeps connections on which nothing happens for so long."""
LINGERED_BYTES = 4 * 1024 * 1024
SPARE_CONNECTIONS = 16
READ_BYTES = 64 * 1024
REASONS = {
    400: "Bad Request",
    408: "Request Timeout",
    413: "Request Entity Too Large",
    431: "Request Header Fields Too Large",
}


class Connection(TConn):  # type: ignore[misc]
    """A client's connection.

    framing: what has come of the next request.
    until: monotonic seconds by which the request must be whole, or the lingering end.
    drained: bytes dropped while lingering.
    too_large: true when the request's body is not read, so that no other request can follow it.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.framing = Framing()
        self.until = 0.0
        self.drained = 0
        self.too_large = False

    def init(self) -> None:
        """Called by gunicorn on the request's thread, where it makes the socket wait; this bounds the wait."""
        self.sock.settimeout(SEND_SECONDS)


class RequestWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker, which reads requests in its main thread before it hands them to one of the others."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._reading: dict[Connection, None] = {}
        self._lingering: dict[Connection, None] = {}

    def accept(self, listener: socket.socket) -> None:
        """Takes a new connection; when there are too many, the one that has been read for longest gives way."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room()
            return
        self.nr_conns += 1
        if self.nr_conns > self.worker_connections - SPARE_CONNECTIONS:
            self._make_room()
        self._read_request(Connection(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """Begins the next request of a kept-alive connection."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._read_request(conn)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """Ends as for SIGTERM. gunicorn's own handler takes a lock that the interrupted code may hold: it can hang."""
        self.handle_exit(sig, frame)

    def handle_request(self, req: Any, conn: Connection) -> bool:
        """Has a request answered, on one of the threads; returns true when the connection can be used again."""
        if conn.too_large:
            req.force_close()
        return bool(super().handle_request(req, conn))

    def finish_request(self, conn: Connection, future: Any) -> None:
        """Goes on with the connection after an answer: with its next request, or to its end."""
        try:
            keep = bool(future.result()) and self.alive
        except Exception:
            keep = False
        if not keep:
            self._linger(conn)
            return
        rest = conn.parser.unreader.take_buffered()
        conn.sock.setblocking(False)
        if rest:
            self._read_request(conn, rest)
            return
        conn.set_timeout()
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))

    def murder_pending(self) -> None:
        """Ends what takes too long. gunicorn calls this about once a second, and after each event."""
        now = time.monotonic()
        while self._reading and (conn := next(iter(self._reading))).until <= now:
            del self._reading[conn]
            self._refuse(conn, BadFraming(408, f"a request must come whole within {REQUEST_SECONDS:.0f} s"))
        while self._lingering and (conn := next(iter(self._lingering))).until <= now:
            self._drop(conn, self._lingering)

    def _cap_keepalive(self, _deadline: float) -> None:
        """Called by gunicorn when the worker stops: idle connections must not keep it from ending."""
        until = time.monotonic() + STOPPING_SECONDS
        super()._cap_keepalive(until)
        for conn in (*self._reading, *self._lingering):
            conn.until = min(conn.until, until)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Waits for events, when the worker stops no longer than its last connections may take."""
        if not self.alive:
            oldest = [next(iter(group)).until for group in (self._reading, self._lingering) if group]
            timeout = max(0.0, min([timeout, *(until - time.monotonic() for until in oldest)]))
        super().wait_for_and_dispatch_events(timeout)

    def _read_request(self, conn: Connection, received: bytes = b"") -> None:
        conn.framing = Framing()
        conn.until = time.monotonic() + (REQUEST_SECONDS if self.alive else STOPPING_SECONDS)
        conn.sock.setblocking(False)
        self._reading[conn] = None
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._readable, conn))
        self._readable(conn, conn.sock, received)

    def _readable(self, conn: Connection, client: socket.socket, received: bytes = b"") -> None:
        """Takes what has come of a request, and hands it to a thread when it is whole."""
        data = received
        if not data:
            try:
                data = client.recv(READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._drop(conn, self._reading)
                return
        try:
            whole = conn.framing.feed(data)
        except BadFraming as fault:
            del self._reading[conn]
            self._refuse(conn, fault)
            return
        if whole is not None:
            self._hand_over(conn)
        elif conn.framing.remove_expectation():
            self._send(conn, b"HTTP/1.1 100 Continue\r\n\r\n")

    def _hand_over(self, conn: Connection) -> None:
        del self._reading[conn]
        self.poller.unregister(conn.sock)
        if conn.parser is None:
            conn.parser = http.get_parser(self.cfg, conn.sock, conn.client)
        conn.parser.unreader.unread(bytes(conn.framing.received))
        conn.too_large = conn.framing.too_large
        conn.framing = Framing()
        conn.data_ready = True
        self.enqueue_req(conn)

    def _refuse(self, conn: Connection, fault: BadFraming) -> None:
        """Answers a request that never becomes one, and ends the connection."""
        self.poller.unregister(conn.sock)
        reason = REASONS[fault.status]
        body = wire.encode(error_body(reason.upper().replace(" ", "_"), str(fault)))
        head = f"HTTP/1.1 {fault.status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._send(conn, head.encode() + b"Connection: close\r\n\r\n" + body)
        self._linger(conn)

    def _send(self, conn: Connection, data: bytes) -> None:
        """Sends a few bytes without waiting; a client whose buffer is full does without them."""
        try:
            conn.sock.send(data)
        except OSError:
            self.log.debug("a client is gone already")

    def _linger(self, conn: Connection) -> None:
        """Ends a connection after its answer. Closed at once, with bytes unread, the client would lose the answer."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.nr_conns -= 1
            conn.close()
            return
        conn.until = time.monotonic() + (LINGER_SECONDS if self.alive else STOPPING_SECONDS)
        self._lingering[conn] = None
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._lingered, conn))

    def _lingered(self, conn: Connection, client: socket.socket) -> None:
        try:
            data = client.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        conn.drained += len(data)
        if not data or conn.drained > LINGERED_BYTES:
            self._drop(conn, self._lingering)

    def _drop(self, conn: Connection, group: dict[Connection, None]) -> None:
        del group[conn]
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def _make_room(self) -> None:
        """Ends the connection that has waited longest: a lingering one, else an idle one, else one that is read."""
        if self.keepalived_conns and not self._lingering:
            self.keepalived_conns[0].timeout = 0.0
            self.murder_keepalived()
            return
        for group in (self._lingering, self._reading):
            if group:
                self._drop(next(iter(group)), group)
                return
