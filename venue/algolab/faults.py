"""The faults that the simulated AlgoLab can make on command, and their parameters."""

from __future__ import annotations

from collections.abc import Collection
from types import MappingProxyType
from typing import Literal, get_args

from venue.armed_faults import ERROR_STATUS, ArmedFaults, FaultParameter, FaultRequest, close_code

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
    "stuck_rows",
    "stuck_ticks",
    "lying_ticks",
]
SocketFault = Literal["maintenance", "silence", "close", "reset", "partial_frame", "half_open"]
AccountFault = Literal["expire_session", "refuse_login", "refuse_sms"]
AnswerFault = Literal["refuse_upgrade", "rest_status"]
FaultName = FrameFault | SocketFault | AccountFault | AnswerFault

FRAME_FAULTS: tuple[FrameFault, ...] = get_args(FrameFault)
SOCKET_FAULTS: tuple[SocketFault, ...] = get_args(SocketFault)
NAMES: tuple[FaultName, ...] = (*FRAME_FAULTS, *SOCKET_FAULTS, *get_args(AccountFault), *get_args(AnswerFault))

ENDPOINTS = ("LoginUser", "LoginUserControl", "SessionRefresh", "GetEquityInfo")


class AlgoLabFault(FaultRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to make AlgoLab do something wrong.

    symbol: limits a frame's fault to this symbol, and a socket's fault to sockets that subscribed to it.
    """

    symbol: str | None = None


_SYMBOL = {"symbol": FaultParameter()}
_LYING = FaultParameter(20.0, most=3_600.0)

_PARAMETERS: MappingProxyType[str, dict[str, FaultParameter]] = MappingProxyType(
    {
        **dict.fromkeys((*FRAME_FAULTS, *SOCKET_FAULTS), _SYMBOL),
        "stale_date": {**_SYMBOL, "seconds": FaultParameter(900.0, most=86_400.0)},
        "out_of_order_date": {**_SYMBOL, "seconds": FaultParameter(5.0, most=86_400.0)},
        **{name: {**_SYMBOL, "seconds": _LYING} for name in ("stuck_rows", "stuck_ticks", "maintenance")},
        "lying_ticks": {**_SYMBOL, "seconds": _LYING, "percent": FaultParameter(10.0, most=90.0)},
        "silence": {**_SYMBOL, "seconds": FaultParameter(600.0, most=86_400.0)},
        "close": {**_SYMBOL, "code": close_code(1006)},
        **{name: {} for name in get_args(AccountFault)},
        "refuse_upgrade": {"status": ERROR_STATUS, "page": FaultParameter()},
        "rest_status": {"status": ERROR_STATUS, "endpoint": FaultParameter(among=ENDPOINTS)},
    }
)


class AlgoLabFaults(ArmedFaults[AlgoLabFault]):
    """The armed faults of AlgoLab."""

    def __init__(self) -> None:
        super().__init__(AlgoLabFault, _PARAMETERS, (0, 1_000_000))

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
