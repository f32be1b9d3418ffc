"""Faults side by side, each in a process of its own: one that breaks off takes no other with it."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from types import FrameType

from tests.broken_off import BrokenOff
from tests.faults.fault import Fault
from tests.faults.run import Outcome, broken_off

CLEAN_SECONDS = 120.0
LONGEST_REASON = 600
Run = Callable[[Fault], Outcome]


def outcomes(faults: Sequence[Fault], jobs: int, run: Run) -> Iterator[Outcome]:
    """Yields an outcome for each fault as soon as it is there; so many faults run at once.

    When the caller breaks off, every process takes its stack down first.
    """
    context = get_context("fork")
    waiting = list(faults)
    running: dict[Connection, tuple[Fault, ForkProcess]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                fault = waiting.pop(0)
                here, there = context.Pipe(duplex=False)
                process = context.Process(target=_run, args=(run, fault, there))
                process.start()
                there.close()
                running[here] = fault, process
            for ready in connection.wait(list(running)):
                assert isinstance(ready, Connection)
                fault, process = running.pop(ready)
                yield _received(ready, fault)
                process.join(CLEAN_SECONDS)
    finally:
        for _, process in running.values():
            process.terminate()
        for _, process in running.values():
            process.join(CLEAN_SECONDS)


def _run(run: Run, fault: Fault, there: Connection) -> None:
    signal.signal(signal.SIGTERM, _end)
    try:
        outcome = run(fault)
    except Exception as error:
        reason = f"{''.join(traceback.format_exception_only(error)).strip()}"
        outcome = broken_off(fault, reason[:LONGEST_REASON])
    there.send({name: value for name, value in vars(outcome).items() if name != "fault"})


def _received(here: Connection, fault: Fault) -> Outcome:
    """The fault itself is not sent: it holds functions."""
    try:
        return Outcome(fault=fault, **here.recv())
    except EOFError:
        return broken_off(fault, "its process ended without an outcome")


def _end(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise BrokenOff("SIGTERM: the stack is taken down")
