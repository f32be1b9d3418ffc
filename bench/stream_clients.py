"""Many clients in one thread: how long ago was each update sent that they read? Run with port, path, clients, windows,
seconds; prints a JSON list of one measurement for each window."""

from __future__ import annotations

import json
import re
import selectors
import socket
import sys
import time
from array import array

STAMP = re.compile(rb'"ask_quantity":"([0-9]+\.[0-9]{9})"')
READY_SECONDS = 20.0
WARM_SECONDS = 1.0


class Client:
    """One socket, and the unfinished event at its end."""

    def __init__(self, port: int, path: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        self.socket.setblocking(False)
        self._rest = b""

    def read(self) -> list[float]:
        """When the updates that came were sent, in monotonic seconds; a snapshot is none."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise EOFError("the server ended a stream")
        *whole, self._rest = (self._rest + data).split(b"\n\n")
        return [
            float(stamp[1])
            for event in whole
            if b"event: quote" in event[:40] and (stamp := STAMP.search(event)) is not None
        ]


class Crowd:
    """All clients."""

    def __init__(self, port: int, path: str, count: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._silent: set[Client] = set()
        for _ in range(count):
            client = Client(port, path)
            self._silent.add(client)
            self._selector.register(client.socket, selectors.EVENT_READ, client)

    def run(self, seconds: float) -> array[float]:
        """Latencies, in seconds, of what is read until then."""
        found, until = array("d"), time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                sent = key.data.read()
                now = time.monotonic()
                found.extend(now - moment for moment in sent)
                if sent:
                    self._silent.discard(key.data)
        return found

    def get_ready(self) -> None:
        """Returns when every client has had an update."""
        deadline = time.monotonic() + READY_SECONDS
        while self._silent:
            self.run(0.1)
            assert time.monotonic() < deadline, f"{len(self._silent)} clients got nothing"


def percentile(ordered: list[float], share: float) -> float:
    """The value below which a share of them lies, in milliseconds."""
    return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main() -> None:
    port, path, count, windows, seconds = sys.argv[1:]
    crowd = Crowd(int(port), path, int(count))
    crowd.get_ready()
    crowd.run(WARM_SECONDS)
    measured = []
    for _ in range(int(windows)):
        latencies = sorted(crowd.run(float(seconds)))
        measured.append(
            {"updates": len(latencies), "p50": percentile(latencies, 0.5), "p99": percentile(latencies, 0.99)}
        )
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
