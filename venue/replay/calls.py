"""The recorded answers to REST calls, found by what was asked and by when."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from urllib.parse import parse_qsl, urlsplit

from common.tape import Taped

_TIME = re.compile(r"\d{9,}")

Asked = tuple[str, str, frozenset[tuple[str, str]], bytes]
"""Method, path, parameters without times, and body."""


class RecordedCalls:
    """Answers each call with the recorded ones in their order. Times in a query don't count: they have moved on.

    An answer whose time has passed is left out, and the last one is given again for ever.
    """

    def __init__(self, calls: Iterable[Taped], now: Callable[[], float], left_out: Collection[str] = ()) -> None:
        """`now` returns the time on the tape; `left_out` are the paths that the venue answers by itself."""
        self._now = now
        self._answers: dict[Asked, list[Taped]] = {}
        self._next: dict[Asked, int] = {}
        self._lock = threading.Lock()
        for call in calls:
            record, url = call.record, urlsplit(call.record.path)
            if record.status is not None and url.path not in left_out:
                key = _asked(record.method, url.path, dict(parse_qsl(url.query)), call.payloads[0])
                self._answers.setdefault(key, []).append(call)

    def answer(self, method: str, path: str, parameters: Mapping[str, str], body: bytes) -> Taped | None:
        """Returns the call whose answer is due, or None when nothing like it was recorded."""
        key = _asked(method, path, parameters, body)
        answers = self._answers.get(key)
        if answers is None:
            return None
        passed = sum(call.record.unix <= self._now() for call in answers) - 1
        with self._lock:
            place = min(max(self._next.get(key, 0), passed), len(answers) - 1)
            self._next[key] = place + 1
        return answers[place]


def _asked(method: str, path: str, parameters: Mapping[str, str], body: bytes) -> Asked:
    lasting = frozenset((name, value) for name, value in parameters.items() if not _TIME.fullmatch(value))
    return method, path, lasting, body
