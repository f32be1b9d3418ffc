"""The faults that the simulated AlgoLab can make on command, and their parameters."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus
from typing import Any, Literal, get_args

import msgspec

from common.errors import InvalidRequest
from common.wire import Message
from venue.armed_faults import ArmedFaults

FrameFault = Literal[
    "stale_date",
    "out_of_order_date",
    "no_bid",
    "missing_rows",
    "duplicate_tick",
    "unknown_type",
    "lower_case_keys",
    "crossed_rows",
    "garbage",
]
SocketFault = Literal["silence", "close", "reset", "partial_frame", "half_open"]
AccountFault = Literal["expire_session", "refuse_login", "refuse_sms"]
AnswerFault = Literal["refuse_upgrade", "rest_status"]
FaultName = FrameFault | SocketFault | AccountFault | AnswerFault

FRAME_FAULTS: tuple[FrameFault, ...] = get_args(FrameFault)
SOCKET_FAULTS: tuple[SocketFault, ...] = get_args(SocketFault)
NAMES: tuple[FaultName, ...] = (*FRAME_FAULTS, *SOCKET_FAULTS, *get_args(AccountFault), *get_args(AnswerFault))

MOST_TIMES = 1_000_000
_DEFAULTS: dict[str, dict[str, float]] = {
    "stale_date": {"seconds": 900.0},
    "out_of_order_date": {"seconds": 5.0},
    "silence": {"seconds": 600.0},
    "close": {"code": 1006},
    "refuse_upgrade": {"status": 503},
    "rest_status": {"status": 503},
}
_RANGES = {"seconds": (0.0, 86_400.0), "code": (1000, 4999), "status": (400, 599)}
_NEVER_SENT = frozenset((1004, 1005, *range(1015, 3000)))
_STATUSES = frozenset(status.value for status in HTTPStatus)


class AlgoLabFault(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to do something wrong. Only a fault's own parameters may be given; None stands for the default.

    fault: the fault's name.
    symbol: limits a frame's fault to this symbol, and a socket's fault to sockets that subscribed to it.
    count: how often the fault is to be done; 0 repeats it until all faults are cleared.
    seconds: how late a date is, or how long a silence lasts; 0 or more.
    code: the close code of `close`; 1006 hangs up without a close frame.
    status: the HTTP status of the answer.
    endpoint: limits `rest_status` to one call, such as `GetEquityInfo`.
    """

    fault: str
    symbol: str | None = None
    count: int = 1
    seconds: float | None = None
    code: int | None = None
    status: int | None = None
    endpoint: str | None = None


def completed(request: AlgoLabFault) -> AlgoLabFault:
    """Returns the request with its defaults. Raises `InvalidRequest` naming the field that is wrong."""
    if request.fault not in NAMES:
        raise InvalidRequest("fault", f"must be one of {', '.join(NAMES)}")
    if not 0 <= request.count <= MOST_TIMES:
        raise InvalidRequest("count", f"must be from 0 to {MOST_TIMES}")
    defaults = _DEFAULTS.get(request.fault, {})
    if request.status is not None and request.status not in _STATUSES:
        raise InvalidRequest("status", "must be an error status of HTTP")
    if request.code in _NEVER_SENT:
        raise InvalidRequest("code", "must be a close code that can be sent, or 1006 for none at all")
    filled: dict[str, float] = {}
    for field, (low, high) in _RANGES.items():
        given = getattr(request, field)
        if given is not None and field not in defaults:
            raise InvalidRequest(field, f"is no parameter of {request.fault}")
        if given is not None and not low <= given <= high:
            raise InvalidRequest(field, f"must be from {low:g} to {high:g}")
        if given is None and field in defaults:
            filled[field] = defaults[field]
    return msgspec.structs.replace(request, **filled)


class AlgoLabFaults(ArmedFaults[AlgoLabFault]):
    """The armed faults. A fault stays armed until it was done `count` times or all are cleared."""

    def __init__(self) -> None:
        super().__init__(NAMES, completed)

    def arm(self, fault: FaultName, **parameters: Any) -> AlgoLabFault:
        """Arms a fault; `parameters` are the fields of `AlgoLabFault`. Raises `InvalidRequest` with the wrong field."""
        return self.add(AlgoLabFault(fault=fault, **parameters))

    def next_fault(
        self, *names: FaultName, symbols: Collection[str] = (), endpoint: str | None = None
    ) -> AlgoLabFault | None:
        """Returns the oldest armed fault of these names that fits, and counts it as done once; None when none fits.

        A fault fits a socket or frame of one of `symbols`, or a call of `endpoint`.
        """
        return self.next_where(
            lambda fault: (
                fault.fault in names and fault.symbol in (None, *symbols) and fault.endpoint in (None, endpoint)
            )
        )
