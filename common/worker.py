"""The HTTP server's worker: a request holds a thread only when all of it has come, so slow clients cost no thread.

gunicorn's own threaded worker gives a connection a thread from its first byte on. A few clients that never end their
body then hold every thread, and the server answers nobody. Here a thread reads what has come and lets go of a request
that is not whole. The main thread waits for the rest, within `REQUEST_SECONDS`, and it ends connections without waiting
for their clients. This relies on names inside the pinned version of gunicorn; the tests of this module hold them.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from functools import partial
from typing import Any

from gunicorn import http
from gunicorn.http import wsgi
from gunicorn.http.errors import ExpectationFailed, LimitRequestHeaders, LimitRequestLine, NoMoreData, ParseException
from gunicorn.workers.gthread import ThreadWorker

from common.framing import BadFraming, Framing
from common.http_answer import AnswerWriter, answer
from common.http_connection import READ_BYTES, Connection
from common.sparing import Sparing

REQUEST_SECONDS = 10.0
"""Within this time a request must have come whole, from the connection or from its first byte on a kept-alive one."""
LINGER_SECONDS = 2.0
"""After an answer that ends the connection, what the client still sends is read and dropped for so long."""
STOPPING_SECONDS = 0.3
"""A stopping worker keeps connections on which nothing happens for so long."""
STOPPING_LOOK_SECONDS = 0.1
LINGERED_BYTES = 4 * 1024 * 1024
SPARE_CONNECTIONS = 16
GONE = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN)
STATUSES = {LimitRequestLine: 414, ExpectationFailed: 417, LimitRequestHeaders: 431}
"""The status of what gunicorn finds wrong in a head; 400 for everything else."""
MOST_SHOWN = 200
UNFINISHED = object()
"""The result of a request that has not come whole."""


class RequestWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker, whose threads never wait for the rest of a request."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        # gunicorn asks for forty settings a request, each by two calls; that was a twelfth of a request's time
        self.cfg.__dict__.update({name: setting.get() for name, setting in self.cfg.settings.items()})
        self._reading: dict[Connection, None] = {}
        self._lingering: dict[Connection, None] = {}
        self._answering: dict[Connection, None] = {}
        self._sparing = Sparing()

    def handle(self, conn: Connection) -> object:
        """Has requests of a connection answered, on one of the threads, for as long as the next one comes at once.

        Returns `UNFINISHED` when a request has not come whole.
        """
        while True:
            result = self._handle_one(conn)
            if result is not True or not self.alive or not self._next_comes(conn):
                return result
            self._begin(conn)

    def _next_comes(self, conn: Connection) -> bool:
        """Returns true when the next request begins to come very soon, and no other connection waits for a thread.

        A client that asks again at once is answered by the same thread: two changes of threads less for each request.
        """
        if rest := conn.parser.unreader.take_buffered():
            conn.parser.unreader.unread(rest)
            return False
        if self.tpool._work_queue.qsize():
            return False
        return conn.asks_again_at_once()

    def _handle_one(self, conn: Connection) -> object:
        try:
            if not conn.read():
                return UNFINISHED
        except BadFraming as fault:
            self._refuse(conn, fault.status, str(fault))
            return False
        except (EOFError, OSError):
            return False
        if conn.parser is None:
            conn.parser = http.get_parser(self.cfg, iter(()), conn.client)
        conn.parser.unreader.unread(bytes(conn.framing.received))
        self._answering[conn] = None
        try:
            return self._answer(conn)
        finally:
            del self._answering[conn]

    def _answer(self, conn: Connection) -> bool:
        """Answers the request whose bytes the parser has; returns true when the connection can be used again."""
        try:
            request = next(conn.parser)
        except (StopIteration, NoMoreData):
            return False
        except ParseException as fault:
            self._refuse(conn, STATUSES.get(type(fault), 400), str(fault)[:MOST_SHOWN])
            return False
        try:
            return self.handle_request(request, conn) and bool(conn.parser.finish_body())
        except (NoMoreData, ParseException):
            return False
        except OSError as error:
            if error.errno not in GONE:
                self.log.exception("an answer could not be sent")
        except Exception:
            self.log.exception("a request could not be answered")
            conn.refuse(500, "an unexpected failure; it was logged")
        return False

    def _refuse(self, conn: Connection, status: int, message: str) -> None:
        """Answers what is no request. It is the client's fault, so no flood of it may fill the log."""
        conn.refuse(status, message)
        if (left_out := self._sparing.passes()) is not None:
            extra = {"address": conn.client[0], "status": status, "reason": message, "left_out": left_out}
            self.log.error_log.info("a client sent what is no request", extra=extra)

    def handle_request(self, req: Any, conn: Connection) -> bool:
        """Answers a request that was read; returns true when the connection can be used again.

        gunicorn's own would gather the fields of a line of its access log, which is off, for each request.
        """
        if conn.framing.too_large:
            req.force_close()
        to, environ = wsgi.create(req, conn.sock, conn.client, conn.server, self.cfg, response_class=AnswerWriter)
        environ["wsgi.multithread"] = True
        if not self.alive or len(self.keepalived_conns) >= self.max_keepalived:
            to.force_close()
        try:
            answer(self.wsgi, environ, to)
        except OSError:
            raise
        except (Exception, SystemExit):
            if not to.headers_sent:
                raise
            self.log.exception("an answer broke off")
            return False
        return not to.should_close()

    def accept(self, listener: socket.socket) -> None:
        """Takes a new connection; when there are too many, the one that has waited longest gives way."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room()
            return
        self.nr_conns += 1
        if self.nr_conns > self.worker_connections - SPARE_CONNECTIONS:
            self._make_room()
        conn = Connection(self.cfg, client, address, listener.getsockname())
        self._begin(conn)
        self._wait_for_rest(conn)

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """Begins the next request of a kept-alive connection."""
        if conn not in self.keepalived_conns:
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._begin(conn)
        self.enqueue_req(conn)

    def finish_request(self, conn: Connection, future: Any) -> None:
        """Goes on with a connection after a thread has let go of it: with the rest, the next request, or its end."""
        result = False if future.cancelled() or future.exception() else future.result()
        if result is UNFINISHED:
            self._wait_for_rest(conn)
        elif not (result and self.alive):
            self._linger(conn)
        elif rest := conn.parser.unreader.take_buffered():
            self._begin(conn, rest)
            self.enqueue_req(conn)
        else:
            conn.set_timeout()
            self.keepalived_conns.append(conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))

    def murder_pending(self) -> None:
        """Ends connections that take too long. gunicorn calls this after each event, and once a second at least."""
        now = time.monotonic()
        while self._reading and (conn := next(iter(self._reading))).until <= now:
            self._give_up(conn)
        while self._lingering and (conn := next(iter(self._lingering))).until <= now:
            self._drop(conn, self._lingering)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Waits for events; a worker that stops waits no longer than its last connections may take."""
        if not self.alive:
            oldest = [next(iter(group)).until for group in (self._reading, self._lingering) if group]
            timeout = max(0.0, min([timeout, *(until - time.monotonic() for until in oldest)]))
            if self._answering:
                self._cut_stalled()
                timeout = min(timeout, STOPPING_LOOK_SECONDS)
        super().wait_for_and_dispatch_events(timeout)

    def handle_quit(self, sig: int, frame: Any) -> None:
        """Ends as for SIGTERM. gunicorn's own handler takes a lock that the interrupted code may hold: it can hang."""
        self.handle_exit(sig, frame)

    def _cap_keepalive(self, _deadline: float) -> None:
        """Called by gunicorn when the worker stops: idle connections must not keep it from ending."""
        until = time.monotonic() + STOPPING_SECONDS
        super()._cap_keepalive(until)
        for conn in (*self._reading, *self._lingering):
            conn.until = min(conn.until, until)

    def _begin(self, conn: Connection, rest: bytes = b"") -> None:
        conn.framing = Framing()
        conn.rest = rest
        conn.until = time.monotonic() + (REQUEST_SECONDS if self.alive else STOPPING_SECONDS)

    def _wait_for_rest(self, conn: Connection) -> None:
        self._reading[conn] = None
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._rest_came, conn))

    def _rest_came(self, conn: Connection, client: socket.socket) -> None:
        """A client that sends a byte now and then comes by here, and gets no more time than any other."""
        if conn not in self._reading:  # an event before this one, of the same look, made room
            return
        if conn.until <= time.monotonic():
            self._give_up(conn)
            return
        del self._reading[conn]
        self.poller.unregister(client)
        self.enqueue_req(conn)

    def _give_up(self, conn: Connection) -> None:
        del self._reading[conn]
        self.poller.unregister(conn.sock)
        conn.refuse(408, f"a request must come whole within {REQUEST_SECONDS:.0f} s")
        self._linger(conn)

    def _cut_stalled(self) -> None:
        """Ends answers whose clients do not take them: their threads would hold the stop up until the grace is over."""
        now = time.monotonic()
        for conn in list(self._answering):
            try:
                if conn.stalled(now):
                    conn.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def _linger(self, conn: Connection) -> None:
        """Ends a connection after its answer. Closed at once, with bytes unread, the client would lose the answer."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(conn)
            return
        conn.until = time.monotonic() + (LINGER_SECONDS if self.alive else STOPPING_SECONDS)
        self._lingering[conn] = None
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._lingered, conn))

    def _lingered(self, conn: Connection, client: socket.socket) -> None:
        if conn not in self._lingering:
            return
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
        self._close(conn)

    def _close(self, conn: Connection) -> None:
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
