"""Containers that are killed, and workers that hang: the stack heals both without a hand."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.fault import FULL, MOST_MESSAGES, Fault, Put, once
from tests.faults.ground import Ground
from tests.stack.test_self_healing import LASTING

HUNG = ("web", "marketdata", "executor-1", "canary", "docker-proxy")
NO_ALERT_SECONDS = 60.0
LOOPED = 3


def _killed(service: str) -> Put:
    return once(lambda ground: ground.stack.kill(service))


def _children_of(parent: int) -> list[int]:
    """The descendants of a container's init, seen from the host."""
    direct = [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    return [process for child in direct for process in (child, *_children_of(child))]


def _hung(service: str) -> Put:
    def stop(ground: Ground) -> None:
        for process in _children_of(ground.process(service)):
            os.kill(process, signal.SIGSTOP)

    return once(stop)


def _leaking(service: str) -> Put:
    """Allocates in the service's own container until the kernel ends a process there."""
    program = "held = []\nwhile True: held.append(bytearray(8 * 1024 * 1024))"
    return once(lambda ground: ground.inside(service, "python", "-c", program, check=False))


@contextmanager
def _crash_loop(ground: Ground) -> Iterator[None]:
    for _ in range(LOOPED):
        ground.stack.wait_restarted("executor-2", ground.stack.kill("executor-2"))
        ground.stack.wait(lambda: bool(ground.ask("executor-2", "/readyz")), 60, "executor-2 answers")
    yield


KILLED = tuple(
    Fault(
        name=f"kill-{service}",
        title=f"SIGKILL of {service}",
        put=_killed(service),
        alert=None,
        within=NO_ALERT_SECONDS,
        itself=True,
        heals=60.0,
        factor=FULL,
    )
    for service in LASTING
)
HANGS = (
    *(
        Fault(
            name=f"hang-{service}",
            title=f"the server of {service} hangs (SIGSTOP)",
            put=_hung(service),
            alert=None if service == "docker-proxy" else "TargetDown",
            within=60.0,
            itself=True,
            heals=150.0,
            verdict="INCONCLUSIVE" if service == "docker-proxy" else "",
            quick=service == "marketdata",
        )
        for service in HUNG
    ),
    Fault(
        name="hang-venue",
        title="the server of venue hangs (SIGSTOP)",
        put=_hung("venue"),
        alert=None,
        within=110.0,
        itself=True,
        heals=150.0,
        factor=FULL,
        messages=MOST_MESSAGES,
    ),
)
OTHERS = (
    Fault(
        name="crash-loop",
        title="executor-2 is killed three times in a row",
        put=_crash_loop,
        alert="CrashLoop",
        within=120.0,
        itself=True,
    ),
    Fault(
        name="memory-leak",
        title="a process in web's container takes memory until the kernel kills it",
        put=_leaking("web"),
        alert="MemoryKill",
        within=60.0,
        itself=True,
        quick=True,
    ),
)
FAULTS = (*KILLED, *HANGS, *OTHERS)
