"""A real Alertmanager on the host's loopback with the product's routes, and somebody who tells it what fires."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.common.local import free_port

PRODUCT = Path(__file__).parents[2] / "alertmanager" / "alertmanager.yml"
TOLD_FOR_SECONDS = 120
"""Prometheus has an alert end so long after its last word, as with the stack's settings."""
READY_SECONDS = 30.0
Labels = dict[str, str]


def call(address: str, body: object = None, method: str = "GET") -> Any:
    """Asks Alertmanager; returns its JSON, or None for an empty answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read()
    return json.loads(text) if text.startswith((b"[", b"{")) else None


def docker(*arguments: str) -> str:
    """Runs a docker command, which must succeed; returns all that it printed."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def await_answer(url: str, container: str) -> None:
    """Waits until the Alertmanager in a container answers."""
    end = time.monotonic() + READY_SECONDS
    while True:
        try:
            call(f"{url}/api/v2/status")
        except OSError:
            assert time.monotonic() < end, docker("logs", container)
            time.sleep(0.1)
        else:
            return


class LiveAlertmanager:
    """Runs with the product's configuration, whose console is at another address here, and faster messages."""

    def __init__(self, image: str, folder: Path, console_url: str, token: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder, self._console_url = folder, console_url
        (folder / "alert_token").write_text(token)
        self.configure()
        user = f"--user={os.getuid()}:{os.getgid()}"
        self.container = f"spark-alertmanager-{uuid.uuid4().hex[:8]}"
        storage = folder / "storage"
        storage.mkdir()
        run = ["run", "--detach", "--network=host", f"--name={self.container}", user, f"--volume={folder}:/live"]
        flags = ["--config.file=/live/alertmanager.yml", "--storage.path=/live/storage", "--cluster.listen-address="]
        docker(*run, image, *flags, f"--web.listen-address=127.0.0.1:{self.port}")
        await_answer(self.url, self.container)

    def configure(self, *, group_by: str = "alertname, service") -> None:
        """Writes the configuration anew."""
        text = PRODUCT.read_text()
        for old, new in {
            "http://web:3003": self._console_url,
            "/run/secrets/spark-alerts/alert_token": "/live/alert_token",
            "group_by: [alertname, service]": f"group_by: [{group_by}]",
            "group_wait: 10s": "group_wait: 1s",
            "group_interval: 1m": "group_interval: 2s",
        }.items():
            assert old in text, old
            text = text.replace(old, new)
        (self._folder / "alertmanager.yml").write_text(text)

    def reload(self) -> None:
        call(f"{self.url}/-/reload", {}, "POST")

    def restart(self, *, kill: bool) -> None:
        """Ends it, and starts it again with the data that it has on disk."""
        docker("kill" if kill else "stop", self.container)
        docker("start", self.container)
        await_answer(self.url, self.container)

    def end(self) -> None:
        docker("rm", "--force", self.container)

    def tell(self, *alerts: dict[str, Any]) -> None:
        call(f"{self.url}/api/v2/alerts", list(alerts), "POST")

    def firing(self) -> set[str]:
        """The fingerprints in its list, without the alert that always fires."""
        listed = call(f"{self.url}/api/v2/alerts")
        return {each["fingerprint"] for each in listed if each["labels"]["alertname"] != "Watchdog"}


class Teller:
    """Tells Alertmanager what fires again and again, as Prometheus does; the Watchdog always fires."""

    def __init__(self, alertmanager: LiveAlertmanager, seconds: float) -> None:
        self._alertmanager, self._seconds = alertmanager, seconds
        self._lock = threading.Lock()
        self._firing: dict[str, dict[str, Any]] = {}
        self._stop = threading.Event()
        self.fire("Watchdog", severity="none")

    def fire(self, name: str, severity: str = "warning") -> None:
        labels = {"alertname": name, "severity": severity, "service": "web"}
        with self._lock:
            self._firing[name] = {"labels": labels, "startsAt": _text(datetime.now(UTC))}
        self.tell()

    def end(self, name: str) -> None:
        with self._lock:
            ended = self._firing.pop(name, None)
        if ended is not None:
            with suppress(OSError):
                self._alertmanager.tell(ended | {"endsAt": _text(datetime.now(UTC))})

    def tell(self) -> None:
        until = _text(datetime.now(UTC) + timedelta(seconds=TOLD_FOR_SECONDS))
        with self._lock:
            alerts = [each | {"endsAt": until} for each in self._firing.values()]
        with suppress(OSError):
            self._alertmanager.tell(*alerts)

    @contextmanager
    def telling(self) -> Iterator[None]:
        thread = threading.Thread(target=self._go_on, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _go_on(self) -> None:
        while not self._stop.wait(self._seconds):
            self.tell()


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
