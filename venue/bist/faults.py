"""What goes wrong on the AlgoLab side on command: which faults are armed, how often. Any thread may arm and take."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus
from typing import Literal, get_args

import msgspec

from common.errors import InvalidRequest
from common.wire import Message
from venue.armed import Armed

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


class Fault(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One order to do something wrong `count` times; 0 is until all faults are cleared.

    `symbol` limits a frame's fault to that symbol and a socket's fault to sockets that subscribed to it; `endpoint`
    limits `rest_status` to one call, such as `GetEquityInfo`. `seconds` is how late a date is or how long a silence
    lasts, `code` a close code (1006 hangs up without a close frame), `status` an HTTP answer's.
    """

    fault: str
    symbol: str | None = None
    count: int = 1
    seconds: float | None = None
    code: int | None = None
    status: int | None = None
    endpoint: str | None = None


def checked(order: Fault) -> Fault:
    """The order with its defaults filled in; raises `InvalidRequest` naming the field that is wrong."""
    if order.fault not in NAMES:
        raise InvalidRequest("fault", f"must be one of {', '.join(NAMES)}")
    if not 0 <= order.count <= MOST_TIMES:
        raise InvalidRequest("count", f"must be from 0 to {MOST_TIMES}")
    defaults = _DEFAULTS.get(order.fault, {})
    if order.status is not None and order.status not in _STATUSES:
        raise InvalidRequest("status", "must be an error status of HTTP")
    if order.code in _NEVER_SENT:
        raise InvalidRequest("code", "must be a close code that can be sent, or 1006 for none at all")
    filled: dict[str, float] = {}
    for field, (low, high) in _RANGES.items():
        given = getattr(order, field)
        if given is not None and field not in defaults:
            raise InvalidRequest(field, f"is no parameter of {order.fault}")
        if given is not None and not low <= given <= high:
            raise InvalidRequest(field, f"must be from {low:g} to {high:g}")
        if given is None and field in defaults:
            filled[field] = defaults[field]
    return msgspec.structs.replace(order, **filled)


class Faults(Armed[Fault]):
    """A fault is armed until it was done `count` times or everything is cleared."""

    def __init__(self) -> None:
        super().__init__(NAMES, checked)

    def arm(
        self,
        fault: FaultName,
        *,
        symbol: str | None = None,
        count: int = 1,
        seconds: float | None = None,
        code: int | None = None,
        status: int | None = None,
        endpoint: str | None = None,
    ) -> Fault:
        """Arms a fault, as `Fault` describes it; raises `InvalidRequest` naming the field that is wrong."""
        order = Fault(
            fault=fault, symbol=symbol, count=count, seconds=seconds, code=code, status=status, endpoint=endpoint
        )
        return self.order(order)

    def take(self, *names: FaultName, symbols: Collection[str] = (), endpoint: str | None = None) -> Fault | None:
        """The oldest armed fault of these names that fits, counted as done once; None when there is none."""
        return self.take_first(
            lambda fault: (
                fault.fault in names and fault.symbol in (None, *symbols) and fault.endpoint in (None, endpoint)
            )
        )
