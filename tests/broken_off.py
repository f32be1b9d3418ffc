"""Runs of minutes that must end: by themselves, by a signal, or by an alarm; what they started ends with them."""

from __future__ import annotations

import signal
from types import FrameType


class BrokenOff(Exception):
    """Somebody ends the run, or it lasts too long."""


def end_within(seconds: float) -> None:
    """Raises `BrokenOff` wherever the main thread is, at SIGTERM or after so many seconds."""
    for one in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(one, _break_off)
    signal.alarm(round(seconds))


def ended() -> None:
    """There is an outcome: nothing breaks the rest off."""
    signal.alarm(0)


def _break_off(number: int, _frame: FrameType | None) -> None:
    for one in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(one, signal.SIG_IGN)
    raise BrokenOff(f"{signal.Signals(number).name}: it did not end by itself")
