"""A stack that faults are thrown at: its rules are sped up, every receiver is on, and the sinks are beside it."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import urllib3
import yaml

from init.receivers.names import RECEIVERS
from tests.faults import sinks, sped
from tests.init.receivers import SECRETS, sink_secrets, sink_settings
from tests.rules.sinks import Message
from tests.stack.stack import COMPOSE_FILE, ROOT, Stack, free_ports, own_stack
from tests.yaml_file import parsed

BUILD = ROOT / "build" / "faults"
URL, MAIL = f"http://sinks:{sinks.HTTP_PORT}", f"sinks:{sinks.MAIL_PORT}"
SETTLE_SECONDS = 480.0
TAKE = """
import json, sys
from init.receivers.__main__ import take_secret
sys.exit(max(take_secret(name, secret) for name, secret in json.load(sys.stdin).items()))
"""
PATIENCE = urllib3.Timeout(total=4)

Block = dict[str, Any]


class Ground:
    """A running stack under faults.

    stack: the stack. factor: what its rules' durations are divided by. folder: its generated files.
    """

    def __init__(
        self, factor: float, more: Mapping[str, Block] | None = None, small: Mapping[str, str] | None = None
    ) -> None:
        """`more` is merged into the generated compose file, as {"services": …}. `small` has the options of the mount of
        each volume that is a disk of its own, in memory."""
        self.stack: Stack = own_stack("spark-faults")
        self.factor, self._small = factor, dict(small or {})
        self.folder = BUILD / self.stack.project
        (door,) = free_ports(1)
        self._door = f"http://127.0.0.1:{door}/"
        self._http = urllib3.PoolManager(retries=False, timeout=PATIENCE, maxsize=8)
        sped.write(ROOT / "prometheus", self.folder / "rules", factor)
        override = self.folder / "compose.yml"
        override.write_text(yaml.safe_dump(merged(self._override(door), more or {}), sort_keys=False))
        self.stack.environment |= {
            "COMPOSE_FILE": f"{COMPOSE_FILE}:{override}",
            "SPARK_VENUE_ADMIN": "on",
            **sink_settings(URL, MAIL, SPARK_EMAIL_USER=""),
        }

    def _override(self, door: int) -> dict[str, Block]:
        image = parsed(COMPOSE_FILE)["x-images"]["python"]
        asked = f"import socket; socket.create_connection(('127.0.0.1', {sinks.DOOR_PORT}), 3)"
        block = {
            "image": image,
            "command": ["python", "-m", "tests.faults.sinks"],
            "user": f"{os.getuid()}:{os.getgid()}",
            "working_dir": "/spark",
            "environment": {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": "/spark"},
            # A disk in memory is gone once nobody has it mounted, as between two starts of its service.
            "volumes": [f"{ROOT / 'tests'}:/spark/tests:ro", *(f"{name}:/held/{name}:ro" for name in self._small)],
            "ports": [f"127.0.0.1:{door}:{sinks.DOOR_PORT}"],
            "networks": ["pages-on"],
            "init": True,
            "read_only": True,
            "cap_drop": ["ALL"],
            "mem_limit": "128m",
            "healthcheck": {"test": ["CMD", "python", "-S", "-c", asked], "interval": "5s", "timeout": "4s"},
        }
        rules = f"{self.folder / 'rules'}:/etc/prometheus/rules:ro"
        return {"services": {"prometheus": {"volumes": [rules]}, "sinks": block}}

    @contextmanager
    def running(self) -> Iterator[Ground]:
        """Brings it up as a user would, and takes it down in the end."""
        try:
            self._make_disks()
            self._give_secrets()
            self.stack.up()
            yield self
        finally:
            logs = self.stack.compose("logs", "--no-color", "--timestamps", check=False)
            (BUILD / f"{self.stack.project}.log").write_text(logs)
            self.stack.run("make", "clean", check=False)
            shutil.rmtree(self.folder, ignore_errors=True)

    def _give_secrets(self) -> None:
        """Gives the secrets of all receivers by the program behind `make receiver-secret`, all in one container."""
        given = {name: secret for name, secret in (SECRETS | sink_secrets(URL)).items() if name != "email"}
        once = ("docker", "compose", "--progress", "quiet", "run", "--rm", "--no-deps", "-T", "init", "python", "-c")
        self.stack.run(*once, TAKE, given=json.dumps(given), timeout=600)

    def _make_disks(self) -> None:
        """Makes the small volumes with the labels by which the stack knows its own."""
        for name, mount in self._small.items():
            labels = {"com.docker.compose.project": self.stack.project, "com.docker.compose.volume": name}
            labels["spark.checkout"] = str(ROOT)
            options = [f"--label={label}={value}" for label, value in labels.items()]
            options += ["--opt=type=tmpfs", "--opt=device=tmpfs", f"--opt=o={mount}"]
            self.docker("volume", "create", *options, f"{self.stack.project}_{name}")

    def messages(self) -> list[Message]:
        """All that the receivers got so far."""
        return [Message(**each) for each in json.loads(self._http.request("GET", self._door).data)]

    def refuse(self, *receivers: str) -> None:
        """These receivers refuse from now on, and no others."""
        self._http.request("PUT", self._door, body=json.dumps(receivers).encode())

    def ask(self, service: str, path: str) -> Any:
        """The JSON of a GET, or None where nobody answers with 200 within seconds."""
        try:
            answer = self._http.request("GET", self.stack.url(service, path))
            return json.loads(answer.data) if answer.status == 200 else None
        except (urllib3.exceptions.HTTPError, OSError, AssertionError, ValueError):
            return None

    def alerts(self) -> dict[str, str] | None:
        """The alerts by name, `pending` or `firing`, without infos, which are never told; None without an answer."""
        told = self.ask("prometheus", "/api/v1/alerts")
        if told is None:
            return None
        listed = [each for each in told["data"]["alerts"] if each["labels"]["severity"] != "info"]
        states = sorted((each["labels"]["alertname"], each["state"]) for each in listed)
        found: dict[str, str] = {}
        for name, state in states:
            found.setdefault(name, state)
        return found

    def fired(self, since: float) -> dict[str, tuple[float, float]]:
        """By alert, the Unix times at which it first and last fired after `since`; read from what Prometheus kept."""
        minutes = int((time.time() - since) / 60) + 1
        query = urlencode({"query": f'ALERTS{{alertstate="firing",severity!="info"}}[{minutes}m]'})
        told = self.ask("prometheus", f"/api/v1/query?{query}")
        found: dict[str, list[float]] = {}
        for series in told["data"]["result"] if told else []:
            times = [float(at) for at, _ in series["values"] if float(at) >= since]
            found.setdefault(series["metric"]["alertname"], []).extend(times)
        return {name: (min(times), max(times)) for name, times in found.items() if times}

    def quiet(self) -> bool:
        """Everything is healthy, the canary passes, and no alert is pending or fires."""
        return self.stack.settled() and self.alerts() == {}

    def calm(self, alert: str | None) -> bool:
        """Everything is healthy, nothing is pending, and this alert does not fire; those of faults before still may."""
        alerts = self.alerts()
        return alerts is not None and alert not in alerts and "pending" not in alerts.values() and self.stack.settled()

    def wait(self, check: Callable[[], bool], seconds: float, what: str | Callable[[], str]) -> float:
        """Waits for a condition; returns how many seconds it took."""
        begun = time.monotonic()
        self.stack.wait(check, seconds, what)
        return time.monotonic() - begun

    def process(self, service: str) -> int:
        """The host's number of the container's first process."""
        return int(self.docker("inspect", "--format", "{{.State.Pid}}", self.identity(service)))

    def docker(self, *arguments: str, given: str | None = None, check: bool = True) -> str:
        """A command of the engine; its output."""
        return self.stack.run("docker", *arguments, given=given, check=check).stdout

    def identity(self, service: str) -> str:
        """The container's id, asked of the engine: each command of Compose costs half a second of a busy machine."""
        named = {"project": self.stack.project, "service": service, "oneoff": "False"}
        filters = [f"--filter=label=com.docker.compose.{label}={value}" for label, value in named.items()]
        return self.docker("ps", "--all", "--quiet", "--no-trunc", *filters).split()[0]

    def act(self, service: str, *command: str) -> str:
        """A command of the engine on a container, such as `stop`."""
        return self.docker(*command, self.identity(service))

    def inside(self, service: str, *command: str, given: str | None = None, check: bool = True) -> str:
        """Runs a command in a container; its output."""
        options = () if given is None else ("--interactive",)
        return self.docker("exec", *options, self.identity(service), *command, given=given, check=check)

    @property
    def receivers(self) -> tuple[str, ...]:
        """The receivers that are on."""
        return tuple(RECEIVERS)


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both mappings in one; mappings in them are merged too, and of two other values the second one counts."""
    both = {**one, **other}
    inner = {name for name in one if isinstance(one[name], Mapping) and isinstance(other.get(name), Mapping)}
    return both | {name: merged(one[name], other[name]) for name in inner}
