"""Real servers on loopback for the canary to probe: healthy, broken, and one that speaks Docker's API."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Reply = tuple[int, str, bytes]
Route = Reply | Callable[[], Reply]

METRICS = (
    b"# HELP process_start_time_seconds Start\n# TYPE process_start_time_seconds gauge\n"
    b"process_start_time_seconds 1.5\n"
    b'# HELP spark_build_info Version\n# TYPE spark_build_info gauge\nspark_build_info{version="0.1.0"} 1.0\n'
    b"# HELP orders_total Orders\n# TYPE orders_total counter\norders_total 5.0\n"
    + b"".join(b"# HELP filler_%03d Filler\n# TYPE filler_%03d gauge\nfiller_%03d 1.0\n" % (n, n, n) for n in range(70))
)
HEALTHY = (200, "application/json", b'{"status":"alive"}')
READY = (200, "application/json", b'{"ready":true,"parts":{"feed":{"ready":true,"reason":null}}}')
ASSETS = [f"/static/{name}.css" for name in ("frame", "panels", "trade", "small")] + ["/static/console.js"]
PAGE = (
    200,
    "text/html; charset=utf-8",
    b"<!doctype html><html><head><title>Spark console</title>"
    + b"".join(f'<link rel="stylesheet" href="{path}">'.encode() for path in ASSETS[:-1])
    + f'<script type="module" src="{ASSETS[-1]}"></script></head></html>'.encode(),
)
QUOTES = (200, "application/json", b'{"market":"simulated","quotes":[{"symbol":"A","stale":true},{"stale":false}]}')


def service_routes() -> dict[str, Route]:
    """The answers of any healthy service of ours; a test changes the one that it is about."""
    return {
        "/healthz": HEALTHY,
        "/readyz": READY,
        "/metrics": (200, "text/plain; version=0.0.4", METRICS),
        "/": PAGE,
        "/v1/quotes": QUOTES,
        "/v1/feeds": (200, "application/json", b'{"feeds":[{"venue":"BTCTURK","reason":null}]}'),
        "/v1/account": (200, "application/json", b'{"account":"paper","sequence":1}'),
        "/api/alerts": (200, "application/json", b'{"heartbeat":{"silent":false,"age_seconds":1.5},"alerts":[]}'),
        **dict.fromkeys(ASSETS, (200, "text/css", b"/* nothing */")),
        "/-/healthy": (200, "text/plain", b"Healthy.\n"),
    }


def at_once(_path: str) -> float:
    """No wait."""
    return 0.0


class Site:
    """A server whose answers are in `routes`; `asked` lists the paths that came, in order.

    Its clock is `date_ahead` seconds ahead of ours, and before each answer it waits as long as `wait` says of the path.
    """

    def __init__(self, port: int = 0) -> None:
        self.routes = service_routes()
        self.date_ahead = 0.0
        self.wait: Callable[[str], float] = at_once
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                site.asked.append(self.path)
                self._send(*site.reply(path, parse_qs(urlsplit(self.path).query)))

            def do_POST(self) -> None:
                site.asked.append(self.path)
                self._send(*site.take(self.path, self.rfile.read(int(self.headers.get("Content-Length", 0)))))

            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string((timestamp or time.time()) + site.date_ahead)

            def _send(self, status: int, kind: str, body: bytes) -> None:
                time.sleep(site.wait(self.path))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                return

        return Handler

    def reply(self, path: str, _query: dict[str, list[str]]) -> Reply:
        route = self.routes.get(path, (404, "application/json", b'{"message":"no such thing"}'))
        return route() if callable(route) else route

    def take(self, _path: str, _body: bytes) -> Reply:
        """The answer to what was posted."""
        return 405, "application/json", b'{"message":"nothing is taken here"}'

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Engine(Site):
    """Speaks the part of Docker's API that the canary uses; as behind its proxy, all else is forbidden."""

    def __init__(self, containers: list[dict[str, Any]]) -> None:
        super().__init__()
        self.containers = containers
        self.images: dict[str, dict[str, Any]] = {}
        self.memory: dict[str, Any] = {"usage": 60, "limit": 100, "stats": {"inactive_file": 10}}

    def reply(self, path: str, _query: dict[str, list[str]]) -> Reply:
        if path in self.routes:
            return super().reply(path, _query)
        parts = path.strip("/").split("/")
        if parts == ["version"]:
            return _json({"ApiVersion": "1.41", "Version": "20.10.24"})
        if parts[1:] == ["containers", "json"]:
            return _json([_listed(one) for one in self.containers if _matches(one, _query)])
        if parts[1:2] == ["containers"] and parts[3:] == ["json"]:
            found = [one for one in self.containers if one["Id"].startswith(parts[2])]
            return _json(found[0]) if found else (404, "application/json", b'{"message":"No such container"}')
        if parts[1:2] == ["containers"] and parts[3:] == ["stats"]:
            return _json({"memory_stats": self.memory})
        if parts[1:2] == ["images"] and parts[3:] == ["json"]:
            image = self.images.get(unquote(parts[2]))
            return _json(image) if image else (404, "application/json", b'{"message":"No such image"}')
        return 403, "text/plain", b"forbidden"


def inspected(service: str, project: str = "spark", **changes: Any) -> dict[str, Any]:
    """An answer of `GET /containers/<id>/json`, cut down, with an environment that nobody may keep."""
    identity = f"{sum(service.encode()):06x}" + "ab" * 29
    answer: dict[str, Any] = {
        "Id": identity,
        "Name": f"/{project}-{service}-1",
        "Image": "sha256:" + "1" * 64,
        "RestartCount": 0,
        "State": {
            "Status": "running",
            "ExitCode": 0,
            "StartedAt": "2026-11-22T10:00:00.123456789Z",
            "Health": {"Status": "healthy", "Log": []},
        },
        "Config": {
            "Image": f"spark-{service}:0.1.0",
            "Env": ["POSTGRES_PASSWORD=verysecret"],
            "Labels": {"com.docker.compose.project": project, "com.docker.compose.service": service},
        },
        "HostConfig": {"RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0}},
    }
    for name, value in changes.items():
        answer[name] = {**answer[name], **value} if isinstance(value, dict) else value
    return answer


@contextmanager
def raw_server(talk: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server below HTTP: `talk` gets each connection after its request's head was read."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                talk(connection)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _json(value: object) -> Reply:
    return 200, "application/json", json.dumps(value).encode()


def _listed(container: dict[str, Any]) -> dict[str, Any]:
    return {"Id": container["Id"], "Names": [container["Name"]], "Labels": container["Config"]["Labels"]}


def _matches(container: dict[str, Any], query: dict[str, list[str]]) -> bool:
    filters = json.loads(query.get("filters", ["{}"])[0])
    labels = {f"{name}={value}" for name, value in container["Config"]["Labels"].items()}
    return set(filters.get("label", [])) <= labels
