"""Peers that are scripted byte by byte: TCP servers for the ways in which a socket can go wrong."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from websockets.utils import accept_key

UPGRADE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n"
)


@dataclass
class Peer:
    """A peer's address; `requests` holds the head of each upgrade that was read, `dials` counts accepted sockets."""

    port: int
    requests: list[str] = field(default_factory=list)
    dials: int = 0

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"


@contextmanager
def peer(script: Callable[[socket.socket], None], *, reads_the_request: bool = True) -> Iterator[Peer]:
    """Runs `script` on each socket in a thread of its own, after the upgrade was read; keeps the socket open."""
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        made = Peer(listener.getsockname()[1])

        def run(taken: socket.socket) -> None:
            with contextlib.suppress(OSError):
                if reads_the_request:
                    made.requests.append(_head(taken))
                script(taken)

        def accept() -> None:
            while True:
                try:
                    taken, _ = listener.accept()
                except OSError:
                    return
                made.dials += 1
                kept.append(taken)
                threading.Thread(target=run, args=(taken,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for taken in kept:
                taken.close()


def answers(status: str, *headers: str) -> Callable[[socket.socket], None]:
    """A script that answers the upgrade with a status line and headers, and nothing else."""
    head = "\r\n".join([f"HTTP/1.1 {status}", "Content-Length: 0", *headers, "", ""]).encode()
    return lambda taken: taken.sendall(head)


def upgraded(then: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    """A script that accepts the upgrade and goes on with `then`; for `peer(..., reads_the_request=False)`."""

    def script(taken: socket.socket) -> None:
        lines = _head(taken).split("\r\n")
        key = next((line.split(": ")[1] for line in lines if line.lower().startswith("sec-websocket-key")), None)
        if key is None:  # the client left before it asked: its test is over
            return
        taken.sendall(UPGRADE % accept_key(key).encode())
        then(taken)

    return script


def close_frame(code: int | None) -> bytes:
    """A server's close, with a code or without."""
    body = b"" if code is None else struct.pack("!H", code)
    return bytes([0x88, len(body)]) + body


def text_frame(text: bytes) -> bytes:
    """A short text frame of a server."""
    return bytes([0x81, len(text)]) + text


def reset(taken: socket.socket) -> None:
    """Ends a socket with RST."""
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    taken.close()


def with_tls(script: Callable[[socket.socket], None], folder: Path) -> Callable[[socket.socket], None]:
    """A script that speaks TLS under a certificate for 127.0.0.1 that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now, day = datetime.now(UTC), timedelta(days=1)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day)
    signed = made.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False).sign(
        key, hashes.SHA256()
    )
    file = folder / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(signed.public_bytes(Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return lambda taken: script(context.wrap_socket(taken, server_side=True))


def _head(taken: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head and (got := taken.recv(4096)):
        head += got
    return head.decode()
