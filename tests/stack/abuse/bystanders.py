"""The others: users who read every published port while somebody abuses them, and the memory of every container."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

import urllib3

from tests.stack.abuse.raw import Door
from tests.stack.stack import FLASK_SERVICES, Stack

PAUSE_SECONDS = 0.08
MEMORY_PAUSE_SECONDS = 0.25
LEAST_LOOKS = 20
"""So many answers make a 95th percentile worth having."""
ENOUGH_LOOKS = 100
"""So many answers of a port are needed to call it slow: of twenty, two slow ones are the 95th percentile."""
MOST_SECONDS = 60.0
"""They are waited for so long, from the beginning: a busy machine asks more slowly."""
SERVER_ERRORS = re.compile(
    r'^flask_http_request_duration_seconds_count\{[^}]*status="5\d\d"[^}]*\} (\S+)$', re.MULTILINE
)


@dataclass
class Looks:
    """The answers that one user of one port got: the seconds that each took, and those that were no 200."""

    door: Door
    seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def p95(self) -> float:
        return quantiles(self.seconds, n=20, method="inclusive")[-1]


@dataclass
class Memory:
    """Bytes in use of each container, by service: before, and the highest since."""

    before: dict[str, int]
    highest: dict[str, int]

    def grown(self, most: int) -> dict[str, str]:
        """Returns the services that ever held more than `most` bytes above what they had before."""
        return {
            service: f"{self.before[service] / 2**20:.0f} to {highest / 2**20:.0f} MiB"
            for service, highest in self.highest.items()
            if highest - self.before.get(service, highest) > most
        }


@dataclass
class Witness:
    """The answers that all bystanders got during an abuse, and the memory meanwhile.

    beside: those of a server that is no part of the stack. What they take is the machine's own, and the test's.
    """

    looks: list[Looks]
    beside: Looks
    memory: Memory
    seconds: float = 0.0

    def slow(self, limit: float) -> list[Looks]:
        """Returns who has answers enough, and a 95th percentile of them above the limit."""
        machine = min(self.beside.p95, limit)
        return [look for look in self.looks if len(look.seconds) >= LEAST_LOOKS and look.p95 > limit + machine]

    def undecided(self, limit: float) -> bool:
        """True while somebody has too few answers, or looks slow by fewer than make it sure."""
        if any(len(look.seconds) < LEAST_LOOKS for look in (self.beside, *self.looks)):
            return True
        return any(len(look.seconds) < ENOUGH_LOOKS for look in self.slow(limit))

    def complaints(self, limit: float, most_memory: int) -> list[str]:
        """Returns a line for each broken promise: an answer that was no 200, a slow 95th percentile, grown memory.

        `limit` is in seconds, above what the server beside the stack took; that counts up to the limit itself, since an
        abuse that takes the whole machine makes it slow too.
        """
        everybody = (self.beside, *self.looks)
        found = [f"{look.door.service}: {fault}" for look in everybody for fault in look.faults[:3]]
        few = [look for look in everybody if len(look.seconds) < LEAST_LOOKS]
        found += [f"{look.door.service}: only {len(look.seconds)} answers in {self.seconds:.1f} s" for look in few]
        if self.beside not in few:
            found += [
                f"{look.door.service}: p95 {look.p95 * 1000:.0f} ms of {len(look.seconds)} answers, "
                f"beside the stack {self.beside.p95 * 1000:.0f} ms"
                for look in self.slow(limit)
            ]
        return found + [f"memory of {name}: {text}" for name, text in self.memory.grown(most_memory).items()]


class Meter:
    """Reads the memory of the containers from the kernel, as they run when this is made."""

    def __init__(self, stack: Stack) -> None:
        self._folders = {name: _folder(stack.container(name)["State"]["Pid"]) for name in stack.running_services()}

    def read(self) -> dict[str, int]:
        """Returns the bytes in use by service, without file pages that can be dropped. Raises `OSError` when one
        of the containers has ended."""
        return {name: _used(folder) for name, folder in self._folders.items()}


def _folder(process: int) -> Path:
    """The folder of the process's memory group, in version 1 or 2 of the kernel's groups."""
    lines = Path(f"/proc/{process}/cgroup").read_text().splitlines()
    paths = {kinds: path for _, kinds, path in (line.split(":", 2) for line in lines)}
    root = Path("/sys/fs/cgroup")
    return root / "memory" / paths["memory"].lstrip("/") if "memory" in paths else root / paths[""].lstrip("/")


def _used(folder: Path) -> int:
    figures = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    file = folder / "memory.usage_in_bytes"
    used = int((file if file.exists() else folder / "memory.current").read_text())
    return used - int(figures.get("total_inactive_file", figures["inactive_file"]))


@contextmanager
def watching(
    doors: Sequence[Door], beside: Door, meter: Meter, least_seconds: float, limit: float
) -> Iterator[Witness]:
    """Lets a user read each port, a dozen times a second, for as long as the block lasts and at least so long, and
    until each has had enough answers to be judged by the limit on the 95th percentile, in seconds."""
    stop = threading.Event()
    before, started = meter.read(), time.monotonic()
    witness = Witness([Looks(door) for door in doors], Looks(beside), Memory(before, dict(before)))
    everybody = (witness.beside, *witness.looks)
    threads = [threading.Thread(target=_look, args=(look, stop)) for look in everybody]
    threads.append(threading.Thread(target=_measure, args=(meter, witness.memory, stop)))
    with ExitStack() as ending:
        for thread in threads:
            thread.start()
            ending.callback(thread.join)
        ending.callback(stop.set)
        yield witness
        time.sleep(max(0.0, started + least_seconds - time.monotonic()))
        while witness.undecided(limit):
            if time.monotonic() > started + MOST_SECONDS:
                break
            time.sleep(PAUSE_SECONDS)
    witness.seconds = time.monotonic() - started


def _look(look: Looks, stop: threading.Event) -> None:
    with urllib3.PoolManager(retries=False, timeout=10) as http:
        while not stop.wait(PAUSE_SECONDS):
            began = time.monotonic()
            try:
                answer = http.request("GET", f"http://{look.door.host}{look.door.path}")
            except urllib3.exceptions.HTTPError as error:
                look.faults.append(f"no answer after {time.monotonic() - began:.1f} s: {error}")
                continue
            look.seconds.append(time.monotonic() - began)
            if answer.status != 200:
                look.faults.append(f"{answer.status}: {answer.data[:200]!r}")


def _measure(meter: Meter, memory: Memory, stop: threading.Event) -> None:
    while not stop.wait(MEMORY_PAUSE_SECONDS):
        for service, used in meter.read().items():
            memory.highest[service] = max(memory.highest.get(service, 0), used)


def server_errors(stack: Stack) -> dict[str, float]:
    """Returns how many answers with a 5xx each of our services has given, by its own count."""
    return {
        service: sum(
            float(found[1]) for found in SERVER_ERRORS.finditer(stack.ask("GET", service, "/metrics").body.decode())
        )
        for service in FLASK_SERVICES
    }


def alerts(stack: Stack, *states: str) -> set[str]:
    """Returns the names of the alerts in these states, `firing` and `pending`; by default in either."""
    return {each["labels"]["alertname"] for each in _told(stack) if not states or each["state"] in states}


def alerts_in_words(stack: Stack) -> str:
    """Returns every alert with its state, its value and its labels."""
    return "; ".join(f"{each['state']} at {each['value']}: {each['labels']}" for each in _told(stack))


def _told(stack: Stack) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(stack.ask("GET", "prometheus", "/api/v1/alerts").body)["data"]["alerts"]
    return found
