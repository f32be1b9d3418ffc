"""The console under its real server, as the container runs it, on a free loopback port."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from common.verifier import verifier_of
from tests.common.local import free_port
from tests.web import trading_world, world
from tests.web.alertmanager_world import Alertmanager
from tests.web.prometheus_world import Prometheus

ROOT = Path(__file__).resolve().parents[2]
ALERT_TOKEN = "the-alert-token"
START_SECONDS = 20.0


@dataclass
class Surroundings:
    """Stand-ins for all services that the console asks."""

    market: world.Market = field(default_factory=world.Market)
    executors: list[trading_world.Executor] = field(default_factory=lambda: [trading_world.Executor()])
    canary: world.Canary = field(default_factory=world.Canary)
    alertmanager: Alertmanager = field(default_factory=Alertmanager)
    prometheus: Prometheus = field(default_factory=Prometheus)

    def environment(self, folder: Path, market: str = "simulated") -> dict[str, str]:
        """Returns the settings of a console among these; its secrets and its data are in `folder`."""
        verifier = folder / "alert-verifier"
        verifier.write_text(verifier_of(ALERT_TOKEN))
        operator = folder / "operator-verifier"
        operator.write_text(verifier_of(trading_world.TOKEN))
        return {
            "SPARK_MARKET": market,
            "SPARK_MARKETDATA_URL": self.market.server.url,
            "SPARK_EXECUTOR_URLS": ",".join(executor.server.url for executor in self.executors),
            "SPARK_CANARY_URL": self.canary.server.url,
            "SPARK_ALERTMANAGER_URL": self.alertmanager.server.url,
            "SPARK_PROMETHEUS_URL": self.prometheus.server.url,
            "SPARK_ALERT_VERIFIER_FILE": str(verifier),
            "SPARK_OPERATOR_VERIFIER_FILE": str(operator),
            "SPARK_DATA_DIR": str(folder),
        }

    def reset(self) -> None:
        """Puts all of them back to their first state, at the same addresses."""
        self.market.reset()
        self.canary.reset()
        self.alertmanager.reset()
        self.prometheus.reset()
        for executor in self.executors:
            executor.reset()

    def stop(self) -> None:
        self.market.stop()
        self.canary.stop()
        self.alertmanager.stop()
        self.prometheus.stop()
        for executor in self.executors:
            executor.stop()


class Console:
    """One console process. Its `url` answers when the constructor, or `start`, has returned."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        self.log = folder / "console.log"
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Starts it at the same address as before; does nothing when it runs."""
        if self._process and self._process.poll() is None:
            return
        gunicorn = [sys.executable, "-m", "gunicorn", "-c", "common/gunicorn.conf.py"]
        bind = ["-b", f"127.0.0.1:{self.port}", "web.app:serve()"]
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [*gunicorn, *bind],
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={"PATH": os.environ["PATH"], "PORT": str(self.port), "SPARK_SERVICE": "web"} | self._environment,
            )
        self._await(self._process)

    def terminate(self, number: int = signal.SIGTERM) -> None:
        """Sends it a signal that asks it to end."""
        if self._process:
            self._process.send_signal(number)

    def wait(self, seconds: float) -> int | None:
        """Returns the exit status. Raises `subprocess.TimeoutExpired`."""
        return self._process.wait(seconds) if self._process else None

    def kill(self) -> None:
        """Ends it at once, workers and open connections too."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)

    def _await(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"the console did not start:\n{self.log.read_text()}")
