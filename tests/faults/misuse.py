"""Faults at the edges: clients with wrong tokens, calls that fail, a disk that is full, a receiver that refuses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import urllib3

from tests.faults.fault import FULL, Fault, Put, between
from tests.faults.ground import Ground

GUESSERS = 6
UNFOLLOWED = "/v1/followed/BTCTURK:BTCUSDT"


@contextmanager
def again_and_again(act: Callable[[], object], pause: float) -> Iterator[None]:
    """Does it on a thread until the block is left, whatever comes of it."""
    stop = threading.Event()

    def go_on() -> None:
        while not stop.wait(pause):
            try:
                act()
            except (urllib3.exceptions.HTTPError, OSError, AssertionError):
                continue

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)


@contextmanager
def _wrong_tokens(ground: Ground) -> Iterator[None]:
    def guess() -> None:
        ground.stack.ask("PUT", "executor-1", "/v1/kill-switch", body={}, token="wrong-token-of-a-stranger")

    with ExitStack() as guessing:
        for _ in range(GUESSERS):
            guessing.enter_context(again_and_again(guess, 0.2))
        yield


def _failing_calls(pause: float) -> Put:
    """Asks market data to follow a symbol no longer, while it can't keep that: each call has a 503, nothing is done."""

    @contextmanager
    def put(ground: Ground) -> Iterator[None]:
        def ask() -> None:
            ground.stack.ask("DELETE", "marketdata", UNFOLLOWED, token=ground.stack.operator_token)

        ground.inside("marketdata", "chmod", "a-w", "/data")
        try:
            with again_and_again(ask, pause):
                yield
        finally:
            ground.inside("marketdata", "chmod", "u+w", "/data")

    return put


def _filled(ground: Ground) -> None:
    ground.inside("canary", "sh", "-c", "dd if=/dev/zero of=/evidence/fault bs=64k 2>/dev/null; true")


def _switch(ground: Ground, *, engaged: bool) -> None:
    body = {"engaged": engaged, "reason": "a fault"}
    token = ground.stack.operator_token
    assert ground.stack.ask("PUT", "executor-1", "/v1/kill-switch", body=body, token=token).status == 200


def _refuse_a_message(ground: Ground) -> None:
    ground.refuse("slack")
    _switch(ground, engaged=True)


def _take_messages(ground: Ground) -> None:
    _switch(ground, engaged=False)
    ground.refuse()


FAULTS = (
    Fault("wrong-tokens", "six clients guess the operator's token", _wrong_tokens, "WrongTokens", 60, quick=True),
    Fault(
        "burst-of-5xx",
        "market data fails five calls a second: its folder can not be written",
        _failing_calls(0.2),
        "FastBurn",
        60,
    ),
    Fault(
        "three-errors",
        "three errors in five minutes, again and again (full length)",
        _failing_calls(75.0),
        "HighErrorRate",
        780,
        factor=FULL,
    ),
    Fault(
        "evidence-disk-full",
        "the disk for evidence is full",
        between(_filled, lambda ground: ground.inside("canary", "rm", "-f", "/evidence/fault")),
        "DiskFull",
        90,
        small={"evidence-data": "size=8m,uid=10001,gid=10001"},
    ),
    Fault(
        "receiver-refuses",
        "Slack refuses the message about an engaged kill switch",
        between(_refuse_a_message, _take_messages),
        "NotificationsFailing",
        240,
        without=("slack",),
    ),
)
