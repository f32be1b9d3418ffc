"""A cable to the database that a test can pull."""

from __future__ import annotations

import socket
import threading


class Wire:
    """A cable to the database that a test can pull: it refuses new connections and cuts the ones there are."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.plugged = True
        self.flows = threading.Event()
        self.flows.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def pull(self) -> None:
        self.plugged = False
        for end in self._ends:
            _close(end)

    def plug(self) -> None:
        self.plugged = True
        self.flows.set()

    def hang(self) -> None:
        """As when the server's process is stopped: sockets stay open, and nothing comes through."""
        self.flows.clear()

    def close(self) -> None:
        self.pull()
        self.flows.set()
        _close(self._listener)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self.plugged:
                _close(near)
                continue
            far = socket.create_connection(("127.0.0.1", self._target))
            self._ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(source, sink, self.flows), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket, flows: threading.Event) -> None:
    try:
        while data := source.recv(65536):
            flows.wait()
            sink.sendall(data)
    except OSError:
        pass
    finally:
        _close(sink)


def _close(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    finally:
        end.close()
