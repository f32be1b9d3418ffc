"""The faults of one venue that are armed, and how often each was done. The venue says which faults there are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, TypeVar

import msgspec

from common.errors import InvalidRequest
from common.wire import Message
from venue.counters import zeros

MOST_ARMED = 100


class FaultRequest(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to do something wrong. Only a fault's own parameters may be given; None stands for the default.

    fault: the fault's name.
    count: the number of times that the fault is still to be done; 0 repeats it until all faults are cleared.
    code: a close code for `close`, where 1006 hangs up without a close frame; for `bad_level` a change code.
    status: the HTTP status of the answer.
    seconds: the length of a silence, of a delay or of a lie, or the lateness of a date; 0 or more.
    percent: how far a lie is from the truth.
    endpoint: limits a REST fault to this call.
    page: the page that comes with the answer, as a proxy or a firewall writes it; None for the venue's own text.
    """

    fault: str
    count: int = 1
    code: int | None = None
    status: int | None = None
    seconds: float | None = None
    percent: float | None = None
    endpoint: str | None = None
    page: str | None = None


@dataclass(frozen=True)
class FaultParameter:
    """The values that a parameter of a fault may have. Without `among` and `most` it may be any text.

    default: the value when none is given.
    among: the values that are allowed; empty allows a range.
    most: the largest value of a range that begins at 0; 0 for no range.
    rule: the sentence about a value that is not in `among`; None names the values themselves.
    """

    default: float | None = None
    among: Sequence[Any] = ()
    most: float = 0.0
    rule: str | None = None

    def fault_of(self, value: Any) -> str | None:
        """Returns the rule that a value breaks; None for a value that is allowed."""
        if self.among and value not in self.among:
            if self.rule is None and isinstance(self.among, range):
                return f"must be from {self.among[0]} to {self.among[-1]}"
            return self.rule or f"must be one of {', '.join(self.among)}"
        return f"must be from 0 to {self.most:g}" if self.most and not 0 <= value <= self.most else None


ERROR_STATUS = FaultParameter(
    503, tuple(status for status in HTTPStatus if status >= 400), rule="must be an error status of HTTP"
)


def close_code(default: int) -> FaultParameter:
    """Returns the parameter of a fault that closes a socket."""
    sent = (*range(1000, 1004), *range(1006, 1015), *range(3000, 5000))
    return FaultParameter(default, sent, rule="must be a close code that can be sent, or 1006 for none at all")


F = TypeVar("F", bound=FaultRequest)


class ArmedFaults(Generic[F]):
    """Holds armed faults, oldest first. Any thread may arm, use and clear them.

    A fault stays armed until it was done `count` times or all are cleared.

    kind: the message of a request for a fault.
    parameters: the parameters of each fault, by its name.
    generation: rises by 1 when all faults are cleared.
    """

    def __init__(
        self, kind: type[F], parameters: Mapping[str, Mapping[str, FaultParameter]], counts: tuple[int, int]
    ) -> None:
        """`counts` are the smallest and the largest `count` of a request."""
        self.kind, self.parameters, self._counts = kind, parameters, counts
        self.generation = 0
        self._lock = threading.Lock()
        self._armed: list[F] = []
        self._done = zeros(parameters)

    def __len__(self) -> int:
        return len(self._armed)

    def arm(self, fault: str, **parameters: Any) -> F:
        """Arms a fault; `parameters` are the fields of its request. Raises `InvalidRequest` naming the wrong field."""
        return self.add(self.kind(fault=fault, **parameters))

    def add(self, request: F) -> F:
        """Arms a fault; returns it with its defaults. Raises `InvalidRequest` naming the wrong field."""
        complete = self._completed(request)
        with self._lock:
            if len(self._armed) >= MOST_ARMED:
                raise InvalidRequest("fault", f"{MOST_ARMED} faults are armed already")
            self._armed.append(complete)
        return complete

    def armed(self) -> list[F]:
        """Returns the armed faults, each with the count that is left."""
        with self._lock:
            return list(self._armed)

    def done(self) -> dict[str, int]:
        """Returns how often each fault was done since the start."""
        with self._lock:
            return dict(self._done)

    def clear(self) -> None:
        """Disarms all faults and ends the ones that last, such as `silence`. The counts stay."""
        with self._lock:
            self._armed.clear()
            self.generation += 1

    def next_where(self, fits: Callable[[F], bool]) -> F | None:
        """Returns the oldest armed fault that fits, and counts it as done once; None when none fits."""
        if not self._armed:
            return None
        with self._lock:
            for index, fault in enumerate(self._armed):
                if fits(fault):
                    self._use(index, fault)
                    return fault
        return None

    def _use(self, index: int, fault: F) -> None:
        self._done[fault.fault] += 1
        if fault.count == 1:
            del self._armed[index]
        elif fault.count > 1:
            self._armed[index] = msgspec.structs.replace(fault, count=fault.count - 1)

    def _completed(self, request: F) -> F:
        """Returns the request with its defaults."""
        if request.fault not in self.parameters:
            raise InvalidRequest("fault", f"must be one of {', '.join(self.parameters)}")
        least, most = self._counts
        if not least <= request.count <= most:
            raise InvalidRequest("count", f"must be from {least} to {most}")
        own, filled = self.parameters[request.fault], {}
        for field in (name for name in self.kind.__struct_fields__ if name not in ("fault", "count")):
            given, parameter = getattr(request, field), own.get(field)
            if given is None:
                filled[field] = parameter.default if parameter else None
            elif parameter is None:
                raise InvalidRequest(field, f"is no parameter of {request.fault}")
            elif broken := parameter.fault_of(given):
                raise InvalidRequest(field, broken)
        return msgspec.structs.replace(request, **filled)
