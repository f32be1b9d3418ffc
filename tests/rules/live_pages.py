"""A real Alertmanager with a rendered configuration, started by the product's own script, whose receivers are sinks."""

from __future__ import annotations

import os
import subprocess
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from init.receivers import render
from init.receivers.settings import Settings
from tests.common.local import free_port
from tests.init.receivers import keep_secrets, sink_secrets, sink_settings
from tests.rules.live_alertmanager import await_answer, call, docker
from tests.rules.sinks import Sinks

ROOT = Path(__file__).parents[2]
PRODUCT = ROOT / "alertmanager"
FASTER = {
    "group_wait: 10s": "group_wait: 1s",
    "group_interval: 1m": "group_interval: 2s",
    '"group_interval": "10s"': '"group_interval": "2s"',
    '"group_interval": "30s"': '"group_interval": "2s"',
    "group_interval: 10s": "group_interval: 2s",
}
"""Shorter times; nothing else of the configuration is changed but the console's address."""
ANNOTATIONS = {"summary": "Requests to executor are slow.", "dashboard_url": "/d/spark-overview"}


class LivePages:
    """Alertmanager in a container on the host's loopback."""

    def __init__(self, image: str, folder: Path, sinks: Sinks, **more: str) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        keep_secrets(folder / "secrets", sink_secrets(sinks.url))
        (folder / "alert_token").write_text("the-consoles-token")
        for name in ("rendered", "data"):
            (folder / name).mkdir()
        base = (PRODUCT / "alertmanager.yml").read_text().replace("http://web:3003", f"{sinks.url}/console")
        render.write(
            folder / "rendered",
            base,
            Settings.from_environment(sink_settings(sinks.url, sinks.mail, **more), folder / "secrets"),
        )
        configuration = folder / "rendered" / render.CONFIGURATION
        text = configuration.read_text()
        for slow, fast in FASTER.items():
            assert slow in text, slow
            text = text.replace(slow, fast)
        configuration.unlink()
        configuration.write_text(text)
        self.container = f"spark-pages-{uuid.uuid4().hex[:8]}"
        volumes = {
            PRODUCT: "/etc/alertmanager:ro",
            folder / "rendered": "/rendered:ro",
            folder / "data": "/alertmanager",
            folder / "secrets": "/run/secrets/spark-receivers:ro",
            folder / "alert_token": "/run/secrets/spark-alerts/alert_token:ro",
        }
        run = ["run", "--detach", "--network=host", f"--name={self.container}", f"--user={os.getuid()}:{os.getgid()}"]
        mounts = [f"--volume={here}:{there}" for here, there in volumes.items()]
        flags = ["--storage.path=/alertmanager", "--cluster.listen-address=", f"--web.listen-address={self.url[7:]}"]
        flags += ["--enable-feature=receiver-name-in-metrics", "--web.external-url=https://spark.example:9093"]
        start = ["--env=RENDERED=/rendered", "--entrypoint=/etc/alertmanager/start", image]
        docker(*run, *mounts, *start, *flags)
        await_answer(self.url, self.container)

    def tell(
        self,
        name: str,
        *,
        ended: bool = False,
        severity: str = "critical",
        annotations: dict[str, str] | None = None,
    ) -> None:
        """Tells of an alert of the executor that fires, or that has ended."""
        began = datetime.now(UTC) - timedelta(minutes=5)
        alert: dict[str, Any] = {
            "labels": {"alertname": name, "severity": severity, "service": "executor", "instance": "executor-1:4001"},
            "annotations": ANNOTATIONS | (annotations or {}),
            "startsAt": began.isoformat(),
            "endsAt": (datetime.now(UTC) + timedelta(minutes=0 if ended else 5)).isoformat(),
        }
        call(f"{self.url}/api/v2/alerts", [alert], "POST")

    def page_test(self, wait: int) -> subprocess.CompletedProcess[str]:
        """Runs the product's test of pages inside the container."""
        command = ["docker", "exec", self.container, "/etc/alertmanager/page-test", self.url, str(wait)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    def words(self) -> str:
        """All that the container said."""
        return docker("logs", self.container)

    def end(self) -> None:
        docker("rm", "--force", self.container)
