"""A real proxy on loopback: tunnels by CONNECT, forwards plain HTTP, and asks for a name and a password if it shall."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

HERE = "127.0.0.1"


@dataclass
class ProxyServer:
    """The proxy. It knows every name as this machine.

    port: where it listens.
    login: the name and the password that it asks for; None for nothing.
    status: what it answers instead of doing what it is asked for; 0 for nothing.
    asked: the first lines of what it was asked for.
    shown: the logins that clients showed, decoded; None where one showed none.
    """

    port: int
    login: str | None = None
    status: int = 0
    asked: list[str] = field(default_factory=list)
    shown: list[str | None] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{HERE}:{self.port}"

    def serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            head, rest = _head(client)
            first, *lines = head.split("\r\n")
            login = _login(lines)
            self.asked.append(first)
            self.shown.append(login)
            method, target, _ = first.split(" ")
            if self.status or login != self.login:
                client.sendall(b"HTTP/1.1 %d Refused\r\nContent-Length: 0\r\n\r\n" % (self.status or 407))
            elif method == "CONNECT":
                with socket.create_connection((HERE, int(target.rpartition(":")[2]))) as server:
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    _relay(client, server)
            else:
                parts = urlsplit(target)
                own = [line for line in lines if not line.lower().startswith("proxy-")]
                path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
                text = "\r\n".join([f"{method} {path} HTTP/1.1", *own, "Connection: close", "", ""])
                with socket.create_connection((HERE, parts.port or 80)) as server:
                    server.sendall(text.encode() + _body(client, lines, rest))
                    answer = b"".join(iter(lambda: server.recv(65_536), b""))
                    client.sendall(answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))


@contextmanager
def running_proxy(login: str | None = None, status: int = 0) -> Iterator[ProxyServer]:
    """A running proxy; gone with the block."""
    with socket.create_server((HERE, 0), backlog=64) as listener:
        proxy = ProxyServer(listener.getsockname()[1], login, status)

        def accept() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=proxy.serve, args=(client,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def _head(client: socket.socket) -> tuple[str, bytes]:
    got = b""
    while b"\r\n\r\n" not in got:
        more = client.recv(4096)
        if not more:
            raise ConnectionError
        got += more
    head, _, rest = got.partition(b"\r\n\r\n")
    return head.decode(), rest


def _body(client: socket.socket, lines: list[str], begun: bytes) -> bytes:
    length = next((int(line.split(": ")[1]) for line in lines if line.lower().startswith("content-length")), 0)
    while len(begun) < length:
        begun += client.recv(65_536)
    return begun


def _login(lines: list[str]) -> str | None:
    for line in lines:
        name, _, value = line.partition(": ")
        if name.lower() == "proxy-authorization":
            return base64.b64decode(value.removeprefix("Basic ")).decode()
    return None


def _relay(one: socket.socket, other: socket.socket) -> None:
    while True:
        for ready in select.select([one, other], [], [])[0]:
            data = ready.recv(65_536)
            if not data:
                return
            (other if ready is one else one).sendall(data)
