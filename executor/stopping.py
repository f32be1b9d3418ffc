"""Hears that the process is told to stop before its server does: open streams must end for it to stop at once."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGQUIT)

Handler = Callable[[int, Any], Any]


def set_when_told(stop: threading.Event) -> None:
    """Sets `stop` as soon as a signal comes for which the server has a handler, which then goes on as before.

    The server sets up its signals first and then calls for the app, both in the main thread; in any other thread, and
    without a server, this does nothing. A handler may interrupt whatever holds the lock of an event, so it only passes
    the word on to a thread.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    told: queue.SimpleQueue[int] = queue.SimpleQueue()

    def wait() -> None:
        told.get()
        stop.set()

    handlers = {number: handler for number in SIGNALS if callable(handler := signal.getsignal(number))}
    for number, handler in handlers.items():
        signal.signal(number, _passing_on(told, handler))
    if handlers:
        threading.Thread(target=wait, name="stopping", daemon=True).start()


def _passing_on(told: queue.SimpleQueue[int], then: Handler) -> Handler:
    def handle(number: int, frame: Any) -> None:
        told.put(number)
        then(number, frame)

    return handle
