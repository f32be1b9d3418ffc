"""The faults that the simulated BTCTurk can make on command, and their parameters."""

from __future__ import annotations

from collections.abc import Collection
from types import MappingProxyType
from typing import Literal, get_args

from venue.armed_faults import ERROR_STATUS, ArmedFaults, FaultParameter, FaultRequest, close_code
from venue.btcturk.odd_answers import ODDITIES

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
    "partial_replay",
]
OddFrame = Literal["odd_numbers", "null_fields", "bad_row", "zero_level", "null_side", "float_noise", "off_tick"]
"""Ways in which a frame may be odd, though it tells the truth."""
SocketFault = Literal[
    "partial_frame", "half_open", "silence", "reset", "close", "garbage", "unknown_model", "huge_frame", "maintenance"
]
UpgradeFault = Literal["no_upgrade_answer", "refuse_upgrade"]
RestFault = Literal["rest_status", "slow_rest", "missing_pair", "no_pairs", "odd_answer", "late_klines", "cut_klines"]
FaultName = FrameFault | OddFrame | SocketFault | UpgradeFault | RestFault

SOCKET_FAULTS: tuple[SocketFault, ...] = get_args(SocketFault)
UPGRADE_FAULTS: tuple[UpgradeFault, ...] = get_args(UpgradeFault)
ODD_FRAMES: tuple[OddFrame, ...] = get_args(OddFrame)
FRAME_FAULTS: tuple[FaultName, ...] = (*get_args(FrameFault), *ODD_FRAMES)
NAMES: tuple[FaultName, ...] = (*FRAME_FAULTS, *SOCKET_FAULTS, *UPGRADE_FAULTS, *get_args(RestFault))
ENDPOINTS = ("ticker", "orderbook", "trades", "ohlc", "exchangeinfo", "time", "ping", "ohlcs", "klines")
CHARTS = ("klines", "ohlcs")


class BtcturkFault(FaultRequest, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to make BTCTurk do something wrong.

    pair: limits the fault of a frame or of bars to this pair, and a socket's fault to sockets that joined it.
        `missing_pair` leaves it out.
    retry_after: the answer's `Retry-After` in seconds; None leaves the header out.
    model: the type of the frame that `duplicate_frame` sends twice.
    times: the number of times that `repeat_ticker` repeats the frame.
    oddity: the way in which `odd_answer` is odd.
    bars: the number of bars that `cut_klines` leaves.
    trades: the number of trades that `partial_replay` leaves.
    """

    pair: str | None = None
    retry_after: int | None = None
    model: int | None = None
    times: int | None = None
    oddity: str | None = None
    bars: int | None = None
    trades: int | None = None


_PAIR, _ENDPOINT = FaultParameter(), FaultParameter(among=ENDPOINTS)
_LYING = FaultParameter(20.0, most=3_600.0)
_CHART = FaultParameter(among=CHARTS)
_RETRY = FaultParameter(among=range(86_401))

_PARAMETERS: MappingProxyType[str, dict[str, FaultParameter]] = MappingProxyType(
    {
        **{name: {"pair": _PAIR} for name in (*FRAME_FAULTS, *SOCKET_FAULTS)},
        "bad_level": {"pair": _PAIR, "code": FaultParameter(2, range(10))},
        "duplicate_frame": {"pair": _PAIR, "model": FaultParameter(432, range(100, 1000))},
        "repeat_ticker": {"pair": _PAIR, "times": FaultParameter(5, range(1, 101))},
        "partial_replay": {"pair": _PAIR, "trades": FaultParameter(0, range(50))},
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
        "odd_answer": {"oddity": FaultParameter("numbers", ODDITIES), "endpoint": _ENDPOINT},
        "slow_rest": {"seconds": FaultParameter(2.0, most=120.0), "endpoint": _ENDPOINT},
        "late_klines": {"pair": _PAIR, "endpoint": _CHART, "seconds": FaultParameter(120.0, most=2_592_000.0)},
        "cut_klines": {"pair": _PAIR, "endpoint": _CHART, "bars": FaultParameter(100, range(5_001))},
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

    def next_chart_fault(self, name: RestFault, pair: str, endpoint: str) -> BtcturkFault | None:
        """Returns the oldest armed fault of this name for a pair's bars, and counts it as done once; None when none
        fits. It is one of `klines` unless it names the other call."""
        return self.next_where(
            lambda fault: (
                fault.fault == name and fault.pair in (None, pair) and (fault.endpoint or CHARTS[0]) == endpoint
            )
        )
