"""A running compose stack as the tests see it: addresses, the operator's token, containers to kill and to wait for."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import urllib3
from pytest_docker.plugin import DockerComposeExecutor, Services

from tests.answer import Answer
from tests.repo import compose

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"
PORTS = compose.doors()
UP_SECONDS = 1500.0
NOT_INHERITED = ("SPARK_", "COMPOSE_", "MAKE", "MFLAGS", "STARTED_AT")
ONE_SHOTS = compose.one_shots()
EXECUTORS = ("executor-1", "executor-2")
EQUITY_KNOWN = re.compile(r"^executor_equity_known(?:\{[^}]*\})? ([01])", re.MULTILINE)
TRADED = "BTCTURK:BTCTRY"
"""The symbol of the orders that tests send."""
FLASK_SERVICES = compose.published()


@dataclass
class Stack:
    """The stack under test. `environment` is what its compose commands run with."""

    project: str
    environment: dict[str, str]
    http: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=15), maxsize=16)
    )

    def __post_init__(self) -> None:
        self.executor = DockerComposeExecutor("docker compose", str(COMPOSE_FILE), self.project)
        self.services = Services(self.executor)

    def run(
        self, *command: str, check: bool = True, timeout: float = 300, given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command from the repository's root with this stack's environment; `given` is its standard input."""
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            text=True,
            capture_output=True,
            timeout=timeout,
            check=False,
            input=given,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)} exited {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def up(self) -> None:
        """`make up`, of one stack of this checkout after the other: two at once may build one source twice."""
        lock = ROOT / "build" / "make-up.lock"
        lock.parent.mkdir(exist_ok=True)
        with lock.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            self.run("make", "up", timeout=UP_SECONDS)

    def compose(self, *arguments: str, check: bool = True) -> str:
        """A compose command on this stack; its standard output."""
        return self.run("docker", "compose", *arguments, check=check).stdout

    def url(self, service: str, path: str = "") -> str:
        """The address of a service's door, which the gateway publishes."""
        return f"http://127.0.0.1:{self.environment[compose.port_setting(service)]}{path}"

    def ask(
        self,
        method: str,
        service: str,
        path: str,
        *,
        body: Any = None,
        token: str | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        """One request to a published port. `body` is sent as JSON, `raw` as it is."""
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        answer = self.http.request(method, self.url(service, path), body=data, headers=headers)
        return Answer(answer.status, answer.headers, answer.data)

    def get(self, service: str, path: str) -> Any:
        """The JSON of a GET that must answer 200."""
        answer = self.ask("GET", service, path)
        assert answer.status == 200, f"{service}{path} answered {answer.status}: {answer.body[:300]!r}"
        return answer.json

    @cached_property
    def operator_token(self) -> str:
        return self.secret("operator/token")

    def secret(self, name: str) -> str:
        """A secret, from the one program that has all of them."""
        once = ("--progress", "quiet", "run", "--rm", "--no-deps", "-T", "init")
        return self.compose(*once, "python", "/init/make_secrets.py", "show", name).strip()

    def order(self, executor: str, client_order_id: str, **fields: Any) -> Answer:
        """Posts a small market buy, or whatever `fields` make of it."""
        body = {
            "client_order_id": client_order_id,
            "symbol": TRADED,
            "side": "buy",
            "type": "market",
            "quantity": "0.001",
        } | fields
        return self.ask("POST", executor, "/v1/orders", body=body, token=self.operator_token)

    def container(self, service: str) -> dict[str, Any]:
        """What the engine knows of the service's container."""
        identity = self.compose("ps", "--all", "--quiet", service).split()[0]
        return dict(json.loads(self.run("docker", "inspect", identity).stdout)[0])

    def running_services(self) -> list[str]:
        """The services that are meant to stay (the one-shots are not among them)."""
        lines = self.compose("ps", "--all", "--format", "json").splitlines()
        return sorted({json.loads(line)["Service"] for line in lines} - ONE_SHOTS)

    def lasting_containers(self) -> list[dict[str, Any]]:
        """The engine's knowledge of all containers that are meant to stay; Compose would need half a second for it."""
        of = [f"--filter=label=com.docker.compose.{label}" for label in (f"project={self.project}", "oneoff=False")]
        identities = self.run("docker", "ps", "--all", "--quiet", *of).stdout.split()
        found = json.loads(self.run("docker", "inspect", *identities).stdout)
        return [each for each in found if each["Config"]["Labels"]["com.docker.compose.service"] not in ONE_SHOTS]

    def kill(self, service: str) -> int:
        """SIGKILL to the container's first process, from outside; returns its restart count before."""
        state = self.container(service)
        os.kill(state["State"]["Pid"], signal.SIGKILL)
        return int(state["RestartCount"])

    def settled(self) -> bool:
        """Every container that stays is healthy, the canary passed after the last one started, and orders are filled.

        A PASS does not say that the symbol that the tests trade has a price already, nor that all held has one.
        """
        states = [each["State"] for each in self.lasting_containers()]
        if any(not each["Running"] or each.get("Health", {}).get("Status") != "healthy" for each in states):
            return False
        latest = self.get("canary", "/v1/status")
        started = max(datetime.fromisoformat(each["StartedAt"]) for each in states)
        if latest["verdict"] != "PASS" or datetime.fromisoformat(latest["checked_at"]) <= started:
            return False
        fresh = {one["symbol"] for one in self.get("marketdata", "/v1/quotes")["quotes"] if not one["stale"]}
        told = "\n".join(self.ask("GET", each, "/metrics").body.decode() for each in EXECUTORS)
        # The executor that writes the account tells, and it alone.
        return TRADED in fresh and EQUITY_KNOWN.findall(told) == ["1"]

    def wait_restarted(self, service: str, restarts_before: int, timeout: float = 90) -> None:
        """Waits until the engine has restarted the container and its health check passes."""

        def back() -> bool:
            state = self.container(service)
            healthy = state["State"].get("Health", {}).get("Status") == "healthy"
            return bool(state["RestartCount"] > restarts_before and state["State"]["Running"] and healthy)

        self.wait(back, timeout, f"{service} restarted and healthy")

    def wait_ready(self, service: str, timeout: float = 60) -> None:
        """Waits until every part of the service is ready."""
        self.wait(lambda: bool(self.get(service, "/readyz")["ready"]), timeout, f"{service} ready")

    def wait_verdict(self, wanted: str, timeout: float = 120) -> dict[str, Any]:
        """Waits until the canary's latest verdict is the wanted one; returns its status."""
        latest: dict[str, Any] = {}

        def reached() -> bool:
            latest.clear()
            latest.update(self.get("canary", "/v1/status"))
            return bool(latest["verdict"] == wanted)

        self.wait(reached, timeout, lambda: f"verdict {wanted}, it is {latest}")
        return latest

    def wait(
        self, check: Callable[[], bool], timeout: float, what: str | Callable[[], str], pause: float = 0.5
    ) -> None:
        """Waits for a condition; a service that does not answer yet counts as not yet."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                if check():
                    return
            except (urllib3.exceptions.HTTPError, AssertionError, OSError, json.JSONDecodeError, IndexError):
                pass
            time.sleep(pause)
        raise AssertionError(f"not within {timeout:.0f} s: {what() if callable(what) else what}")


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on now, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def stack_environment(project: str) -> dict[str, str]:
    """What the stack's commands run with, as in a shell of their own, whichever command runs the tests: every variable
    of the compose file at its default, own ports and name. The engine's socket is for the scripts to find."""
    defaults = dict(re.findall(r"\$\{(SPARK_\w+):-([^}]*)\}", COMPOSE_FILE.read_text()))
    del defaults["SPARK_DOCKER_SOCKET"]
    ports = dict(zip(map(compose.port_setting, PORTS), map(str, free_ports(len(PORTS))), strict=True))
    own = {"COMPOSE_PROJECT_NAME": project, "SPARK_PROBE_INTERVAL_SECONDS": "5"}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
    return inherited | defaults | ports | own


def revision_here() -> str:
    """The commit of this checkout as the scripts tell it, with `-dirty` where files differ."""
    command = ["bash", "-c", ". scripts/lib.sh; . scripts/host.sh; revision"]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True).stdout.strip()


def own_stack(name: str) -> Stack:
    """A stack that shares neither name nor ports with any other on this machine; nothing is started yet."""
    project = f"{name}-{uuid.uuid4().hex[:8]}"
    # Plain Compose commands of the tests build nothing anew when they name the commit that `make up` names.
    return Stack(project, stack_environment(project) | {"SPARK_REVISION": revision_here()})
