"""Servers that stand for the receivers of alerts: they answer as the real ones do, and keep what came."""

from __future__ import annotations

import base64
import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG_SECONDS = 30.0
ANSWERS: dict[str, tuple[int, bytes]] = {
    "console": (202, b""),
    "slack": (200, b"ok"),
    "pagerduty": (202, b'{"status":"success","message":"Event processed","dedup_key":"x"}'),
    "telegram": (200, b'{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":1,"type":"group"}}}'),
    "jira": (202, b'{"result":"Request will be processed","took":0.1,"requestId":"x"}'),
    "teams": (202, b""),
    "webhook": (200, b""),
}


@dataclass(frozen=True)
class Message:
    """One message that a receiver got.

    receiver: the receiver's name.
    path: the path of the request, with its query; the login of the sender for a mail.
    headers: the request's headers, or the mail's.
    body: the request's JSON, or {"text": …} for a mail.
    at: the Unix time of its arrival, in seconds.
    """

    receiver: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float = field(default_factory=time.time)


class Sinks:
    """All receivers at once, each under its own path; the mail server has a port of its own."""

    def __init__(self, host: str = "127.0.0.1", http_port: int = 0, mail_port: int = 0) -> None:
        """Port 0 takes a free one."""
        self.got: list[Message] = []
        self.hung: set[str] = set()
        self.refusing: set[str] = set()
        self.released = threading.Event()
        sinks = self

        class Request(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                receiver = self.path.split("/")[1]
                status, answer = sinks.answer(receiver)
                if status < 300:
                    path = self.path.removeprefix(f"/{receiver}")
                    sinks.got.append(Message(receiver, path, dict(self.headers.items()), json.loads(body)))
                self.send_response(status)
                self.send_header("Content-Type", "text/html" if receiver == "slack" else "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        class Mail(_Mail):
            def handle(self) -> None:
                self.talk(sinks)

        self._http = ThreadingHTTPServer((host, http_port), Request)
        self._mail = socketserver.ThreadingTCPServer((host, mail_port), Mail)
        self._http.daemon_threads = self._mail.daemon_threads = True
        self.url = f"http://{host}:{self._http.server_address[1]}"
        self.mail = f"{host}:{self._mail.server_address[1]}"

    def answer(self, receiver: str) -> tuple[int, bytes]:
        """The answer to a message, after the time that the receiver takes for it."""
        if receiver in self.hung:
            self.released.wait(HANG_SECONDS)
            return 504, b"{}"
        return (500, b'{"error":"refused"}') if receiver in self.refusing else ANSWERS.get(receiver, (404, b"{}"))

    @contextmanager
    def running(self) -> Iterator[Sinks]:
        servers = (self._http, self._mail)
        threads = [threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True) for server in servers]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self.released.set()
            for server in servers:
                server.shutdown()
                server.server_close()

    def of(self, receiver: str, mark: str) -> list[Message]:
        """The messages of a receiver that have the mark somewhere in them."""
        return [each for each in list(self.got) if each.receiver == receiver and mark in json.dumps(each.body)]

    def wait(self, receiver: str, mark: str, count: int, seconds: float) -> list[Message]:
        """Waits until a receiver has so many messages with the mark."""
        end = time.monotonic() + seconds
        while len(found := self.of(receiver, mark)) < count:
            assert time.monotonic() < end, f"{receiver} has {len(found)} of {count} messages with {mark}"
            time.sleep(0.05)
        return found


class _Mail(socketserver.StreamRequestHandler):
    """Enough of SMTP (RFC 5321) for one mail: EHLO, AUTH PLAIN, MAIL, RCPT, DATA, QUIT."""

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def talk(self, sinks: Sinks) -> None:
        login = ""
        self.say("220 sink ESMTP")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                self.say("250-sink\r\n250 AUTH PLAIN")
            elif verb == "AUTH":
                login = base64.b64decode(line.split(" ")[2]).decode()
                self.say("235 2.7.0 Accepted")
            elif verb == "DATA":
                self.say("354 go on")
                self._take(sinks, login)
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 OK")

    def _take(self, sinks: Sinks, login: str) -> None:
        data = b""
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            data += line.removeprefix(b".")
        status, _ = sinks.answer("email") if {"email"} & (sinks.hung | sinks.refusing) else (250, b"")
        if status >= 300:
            self.say("451 4.3.0 try again later")
            return
        mail = message_from_bytes(data, policy=policy.default)
        part = mail.get_body(("plain",))
        body = {"text": part.get_content() if part else "", "html": mail.get_body(("html",)) is not None}
        sinks.got.append(Message("email", login, {name: str(value) for name, value in mail.items()}, body))
        self.say("250 2.0.0 OK")
