"""A container engine behind a socket in the file system, with containers of two projects and their secrets."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

OWN, OTHER = "spark", "other"
HOSTNAME = "0123456789ab"
SECRET = "hunter2"
ONE_LOOK = {"stream": ["false"], "one-shot": ["true"]}
"""The parameters of a question for statistics that the engine answers at once, and only once."""
HOST_PATH = "/srv/somebody"


def container(service: str, project: str = OWN, identity: str | None = None) -> dict[str, Any]:
    """An engine's description of a container: everything in it that must not be shown has SECRET or HOST_PATH."""
    return {
        "Id": identity or f"{sum((project + service).encode()):06x}" + "ab" * 29,
        "Name": f"/{project}-{service}-1",
        "Created": "2026-11-22T09:59:59.5Z",
        "Path": "gunicorn",
        "Args": ["--token", SECRET],
        "Image": f"sha256:{sum(service.encode()):064x}",
        "RestartCount": 3,
        "LogPath": f"{HOST_PATH}/log",
        "State": {
            "Status": "running",
            "Running": True,
            "Pid": 4711,
            "ExitCode": 0,
            "Error": SECRET,
            "StartedAt": "2026-11-22T10:00:00.123456789Z",
            "FinishedAt": "0001-01-01T00:00:00Z",
            "Health": {"Status": "healthy", "FailingStreak": 0, "Log": [{"Output": SECRET}]},
        },
        "Config": {
            "Image": f"{project}-{service}:latest",
            "Env": [f"POSTGRES_PASSWORD={SECRET}"],
            "Cmd": ["--token", SECRET],
            "Entrypoint": [SECRET],
            "Hostname": HOSTNAME,
            "Labels": {
                "com.docker.compose.project": project,
                "com.docker.compose.service": service,
                "com.docker.compose.container-number": "1",
                "com.docker.compose.project.working_dir": HOST_PATH,
                "com.docker.compose.project.config_files": f"{HOST_PATH}/docker-compose.yml",
                "org.opencontainers.image.revision": "abc",
                "spark.standin": "true",
                "somebody.password": SECRET,
            },
        },
        "HostConfig": {
            "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0},
            "Binds": [f"{HOST_PATH}:/data"],
        },
        "Mounts": [{"Source": HOST_PATH}],
        "NetworkSettings": {"Networks": {"n": {"IPAddress": "172.20.0.9"}}},
    }


def row(found: dict[str, Any]) -> dict[str, Any]:
    """The row of a container in the engine's list."""
    return {
        "Id": found["Id"],
        "Names": [found["Name"]],
        "Image": found["Config"]["Image"],
        "ImageID": found["Image"],
        "Command": f"gunicorn --token {SECRET}",
        "Created": 1_790_000_000,
        "State": found["State"]["Status"],
        "Status": "Up 3 minutes (healthy)",
        "Labels": found["Config"]["Labels"],
        "Mounts": found["Mounts"],
        "NetworkSettings": found["NetworkSettings"],
        "HostConfig": {"NetworkMode": "spark_front"},
    }


class Engine:
    """Answers as the engine does; `replies` says otherwise for a path, and `asked` has every request that came."""

    def __init__(self) -> None:
        self.containers = [
            container("docker-proxy", identity=HOSTNAME + "c" * 52),
            container("web"),
            container("web", OTHER),
        ]
        self.obeys_filters = True
        self.replies: dict[str, Callable[[], tuple[int, bytes]]] = {}
        self.asked: list[tuple[str, str]] = []

    def reply(self, method: str, target: str) -> tuple[int, bytes]:
        self.asked.append((method, target))
        address = urlsplit(target)
        if address.path in self.replies:
            return self.replies[address.path]()
        parts = address.path.strip("/").split("/")
        if parts == ["version"]:
            return _json({"ApiVersion": "1.41", "Version": "20.10.24", "KernelVersion": SECRET, "Os": "linux"})
        if parts == ["containers", "json"]:
            wanted = json.loads(parse_qs(address.query)["filters"][0])["label"] if self.obeys_filters else []
            return _json([row(one) for one in self.containers if self._matches(one, wanted)])
        if parts[0] == "containers" and parts[2:] == ["json"]:
            found = [one for one in self.containers if one["Id"].startswith(parts[1])]
            return _json(found[0]) if found else _json({"message": f"No such container: {parts[1]}"}, 404)
        if parts[0] == "containers" and parts[2:] == ["stats"] and parse_qs(address.query) == ONE_LOOK:
            memory = {"usage": 500, "limit": 1000, "stats": {"inactive_file": 100, "pgfault": 7}}
            return _json({"name": SECRET, "memory_stats": memory, "networks": {"eth0": {"rx_bytes": 4711}}})
        if parts[0] == "images" and parts[2:] == ["json"]:
            digests = [f"web@sha256:{'d' * 64}"]
            config = {"Env": [SECRET], "Labels": {"spark.standin": "true"}}
            return _json({"Id": parts[1], "RepoTags": ["web:1"], "RepoDigests": digests, "Config": config})
        return _json({"message": "page not found"}, 404)

    @staticmethod
    def _matches(found: dict[str, Any], labels: list[str]) -> bool:
        own = found["Config"]["Labels"]
        return all(own.get(label.partition("=")[0]) == label.partition("=")[2] for label in labels)


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that has read enough goes away."""


@contextmanager
def running(engine: Engine, path: Path) -> Iterator[Path]:
    """The engine at a socket, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = engine.reply("GET", self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    with _Server(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield path
        finally:
            server.shutdown()
            thread.join(5)


def _json(found: Any, status: int = 200) -> tuple[int, bytes]:
    return status, json.dumps(found).encode()
