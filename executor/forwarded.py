"""Answers what other executors forward: orders and cancels without a thread of their own, all else on one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import msgspec

from common import wire
from common.errors import ServiceError, error_body
from executor.command_messages import AnyCommand
from executor.commands import NOT_WRITING, Answer, Commands
from executor.errors import NotWriting
from executor.peers.server import PeerReply
from executor.step import OrderResult, Step
from executor.store import Ledger
from executor.writer.job import Flush, Job

log = logging.getLogger(__name__)

_command = msgspec.json.Decoder(AnyCommand).decode


class ForwardedCommands:
    """Answers commands that other executors forward; every failure is an answer too."""

    def __init__(self, ledger: Ledger, commands: Commands, observe: Callable[[float], None]) -> None:
        """`observe` takes the seconds from an order to its durable answer."""
        self._ledger, self._commands, self._observe = ledger, commands, observe

    def take(self, body: bytes, reply: PeerReply) -> None:
        """Takes the JSON of a command. It does not wait: `reply` is called later, perhaps by another thread."""
        try:
            command: AnyCommand = _command(body)
            step = self._commands.step(command)
        except Exception as error:
            reply(*_failure(error))
            return
        if step is None:
            reply.by_thread(lambda: _answer(lambda: self._commands.do(command)))
        else:
            self._begin(step, reply)

    def _begin(self, step: Step, reply: PeerReply) -> None:
        begun = time.perf_counter()

        def told(job: Job[OrderResult]) -> Flush | None:
            if job.failed:
                return reply.by_thread(lambda: _answer(lambda: self._commands.answer(step.conclude(job.outcome))))
            answer = _answer(lambda: self._commands.answer(step.conclude(job.outcome)))
            self._observe(time.perf_counter() - begun)
            return reply.later(*answer)

        reign = self._ledger.writer.reign
        if reign is None:
            reply(*_failure(NotWriting()))
        else:
            reign.begin(step.work, told)


def _answer(do: Callable[[], Answer]) -> tuple[int, bytes]:
    try:
        return do()
    except Exception as error:
        return _failure(error)


def _failure(error: Exception) -> tuple[int, bytes]:
    told: Any
    if isinstance(error, NotWriting):
        status, told = NOT_WRITING, error.to_json()
    elif isinstance(error, ServiceError):
        status, told = error.status, error.to_json()
    else:
        log.error("a forwarded command failed unexpectedly", exc_info=error)
        status, told = 500, error_body("INTERNAL", f"the request failed ({type(error).__name__})")
    return status, wire.encode(told)
