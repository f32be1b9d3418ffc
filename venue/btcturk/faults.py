"""The faults that the simulated BTCTurk can make on command, and their parameters."""

from __future__ import annotations

from collections.abc import Collection
from types import MappingProxyType
from typing import Literal, get_args

from venue.armed_faults import ERROR_STATUS, ArmedFaults, FaultParameter, FaultRequest, close_code

FrameFault = Literal[
    "skip_cs",
    "diff_before_snapshot",
    "duplicate_frame",
    "crossed_book",
    "bad_level",
    "no_book",
    "repeat_ticker",
    "stuck_book",
    "stuck_trades",
    "stuck_ticker",
    "lying_ticker",
]
SocketFault = Literal[
    "partial_frame", "half_open", "silence", "reset", "close", "garbage", "unknown_model", "huge_frame", "maintenance"
]
UpgradeFault = Literal["no_upgrade_answer", "refuse_upgrade"]
RestFault = Literal["rest_status", "slow_rest", "missing_pair", "no_pairs"]
FaultName = FrameFault | SocketFault | UpgradeFault | RestFault

SOCKET_FAULTS: tuple[SocketFault, ...] = get_args(SocketFault)
UPGRADE_FAULTS: tuple[UpgradeFault, ...] = get_args(UpgradeFault)
NAMES: tuple[FaultName, ...] = (*get_args(FrameFault), *SOCKET_FAULTS, *UPGRADE_FAULTS, *get_args(RestFault))
ENDPOINTS = ("ticker", "orderbook", "trades", "ohlc", "exchangeinfo", "time", "ping", "ohlcs", "klines")


class BtcturkFault(FaultRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to make BTCTurk do something wrong.

    pair: limits a frame's fault to this pair, and a socket's fault to sockets that joined it. `missing_pair` leaves it
        out.
    retry_after: the answer's `Retry-After` in seconds; None leaves the header out.
    model: the type of the frame that `duplicate_frame` sends twice.
    times: the number of times that `repeat_ticker` repeats the frame.
    """

    pair: str | None = None
    retry_after: int | None = None
    model: int | None = None
    times: int | None = None


_PAIR, _ENDPOINT = FaultParameter(), FaultParameter(among=ENDPOINTS)
_LYING = FaultParameter(20.0, most=3_600.0)
_RETRY = FaultParameter(among=range(86_401))

_PARAMETERS: MappingProxyType[str, dict[str, FaultParameter]] = MappingProxyType(
    {
        **{name: {"pair": _PAIR} for name in (*get_args(FrameFault), *SOCKET_FAULTS)},
        "bad_level": {"pair": _PAIR, "code": FaultParameter(2, range(10))},
        "duplicate_frame": {"pair": _PAIR, "model": FaultParameter(432, range(100, 1000))},
        "repeat_ticker": {"pair": _PAIR, "times": FaultParameter(5, range(1, 101))},
        **{name: {"pair": _PAIR, "seconds": _LYING} for name in ("stuck_book", "stuck_trades", "stuck_ticker")},
        "lying_ticker": {"pair": _PAIR, "seconds": _LYING, "percent": FaultParameter(10.0, most=90.0)},
        "maintenance": {"pair": _PAIR, "seconds": _LYING},
        "close": {"pair": _PAIR, "code": close_code(1001)},
        "silence": {"pair": _PAIR, "seconds": FaultParameter(600.0, most=3_600.0)},
        "no_upgrade_answer": {},
        "refuse_upgrade": {"status": ERROR_STATUS, "retry_after": _RETRY, "page": FaultParameter()},
        "rest_status": {"status": ERROR_STATUS, "retry_after": _RETRY, "endpoint": _ENDPOINT},
        "missing_pair": {"pair": _PAIR},
        "no_pairs": {},
        "slow_rest": {"seconds": FaultParameter(2.0, most=120.0), "endpoint": _ENDPOINT},
    }
)


class BtcturkFaults(ArmedFaults[BtcturkFault]):
    """The armed faults of BTCTurk."""

    def __init__(self) -> None:
        super().__init__(BtcturkFault, _PARAMETERS, (1, 10_000))

    def next_fault(
        self,
        *names: FaultName,
        pair: str | None = None,
        pairs: Collection[str] = (),
        endpoint: str | None = None,
        model: int | None = None,
    ) -> BtcturkFault | None:
        """Returns the oldest armed fault of these names that fits, and counts it as done once; None when none fits.

        A fault fits a frame of `pair` and `model`, a socket that joined `pairs`, or a call of `endpoint`.
        """
        return self.next_where(
            lambda fault: (
                fault.fault in names
                and fault.pair in (None, pair, *pairs)
                and fault.endpoint in (None, endpoint)
                and fault.model in (None, model)
            )
        )
