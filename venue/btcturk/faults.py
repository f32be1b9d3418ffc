"""The faults that the simulated BTCTurk can make on command, and their parameters."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Literal, get_args

import msgspec

from common.errors import InvalidRequest
from common.wire import Message
from venue.armed_faults import ArmedFaults

FrameFault = Literal[
    "skip_cs", "diff_before_snapshot", "duplicate_frame", "crossed_book", "bad_level", "no_book", "repeat_ticker"
]
SocketFault = Literal[
    "partial_frame", "half_open", "silence", "reset", "close", "garbage", "unknown_model", "huge_frame"
]
UpgradeFault = Literal["no_upgrade_answer", "refuse_upgrade"]
RestFault = Literal["rest_status", "slow_rest"]
FaultName = FrameFault | SocketFault | UpgradeFault | RestFault

SOCKET_FAULTS: tuple[SocketFault, ...] = get_args(SocketFault)
UPGRADE_FAULTS: tuple[UpgradeFault, ...] = get_args(UpgradeFault)
NAMES: tuple[FaultName, ...] = (*get_args(FrameFault), *SOCKET_FAULTS, *UPGRADE_FAULTS, *get_args(RestFault))
ENDPOINTS = ("ticker", "orderbook", "trades", "ohlc", "exchangeinfo", "time", "ping", "ohlcs", "klines")

MOST_TIMES = 10_000


class BtcturkFault(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to do something wrong. Only a fault's own parameters may be given; None stands for the default.

    fault: the fault's name.
    pair: limits a frame's fault to this pair, and a socket's fault to sockets that joined it.
    count: how often the fault is to be done, from 1.
    code: a change code for `bad_level`; a close code for `close`, where 1006 hangs up without a close frame.
    status: the HTTP status of the answer.
    retry_after: the answer's `Retry-After` in seconds; None leaves the header out.
    seconds: how long a silence lasts or an answer is held back; 0 or more.
    endpoint: limits a REST fault to this call.
    model: the type of the frame that `duplicate_frame` sends twice.
    times: how often `repeat_ticker` repeats the frame.
    """

    fault: str
    pair: str | None = None
    count: int = 1
    code: int | None = None
    status: int | None = None
    retry_after: int | None = None
    seconds: float | None = None
    endpoint: str | None = None
    model: int | None = None
    times: int | None = None


@dataclass(frozen=True)
class _Rule:
    """The values that a parameter may have. Without `among` and `most` it may be any text.

    default: the value when none is given.
    among: the values that are allowed; empty allows a range.
    most: the largest value of a range that begins at 0; 0 for no range.
    """

    default: float | None = None
    among: Collection[object] = ()
    most: float = 0.0


_PAIR, _ENDPOINT = _Rule(), _Rule(among=ENDPOINTS)
_STATUS, _RETRY = _Rule(503, tuple(status for status in HTTPStatus if status >= 400)), _Rule(None, range(86_401))
_CLOSE = _Rule(1001, (*range(1000, 1004), *range(1006, 1015), *range(3000, 5000)))
_FIELDS = ("code", "status", "retry_after", "seconds", "endpoint", "model", "times", "pair")

_PARAMETERS: MappingProxyType[str, dict[str, _Rule]] = MappingProxyType(
    {
        **{name: {"pair": _PAIR} for name in (*get_args(FrameFault), *SOCKET_FAULTS)},
        "bad_level": {"pair": _PAIR, "code": _Rule(2, range(10))},
        "duplicate_frame": {"pair": _PAIR, "model": _Rule(432, range(100, 1000))},
        "repeat_ticker": {"pair": _PAIR, "times": _Rule(5, range(1, 101))},
        "close": {"pair": _PAIR, "code": _CLOSE},
        "silence": {"pair": _PAIR, "seconds": _Rule(600.0, most=3_600.0)},
        "no_upgrade_answer": {},
        "refuse_upgrade": {"status": _STATUS, "retry_after": _RETRY},
        "rest_status": {"status": _STATUS, "retry_after": _RETRY, "endpoint": _ENDPOINT},
        "slow_rest": {"seconds": _Rule(2.0, most=120.0), "endpoint": _ENDPOINT},
    }
)


def completed(request: BtcturkFault) -> BtcturkFault:
    """Returns the request with its defaults. Raises `InvalidRequest` naming the field that is wrong."""
    if request.fault not in _PARAMETERS:
        raise InvalidRequest("fault", f"must be one of {', '.join(NAMES)}")
    rules = _PARAMETERS[request.fault]
    if not 1 <= request.count <= MOST_TIMES:
        raise InvalidRequest("count", f"must be from 1 to {MOST_TIMES}")
    filled = {}
    for field in _FIELDS:
        given, rule = getattr(request, field), rules.get(field)
        if given is None:
            filled[field] = rule.default if rule else None
        elif rule is None:
            raise InvalidRequest(field, f"is no parameter of {request.fault}")
        elif rule.among and given not in rule.among:
            raise InvalidRequest(field, f"{given} can't be done")
        elif rule.most and not 0 <= given <= rule.most:
            raise InvalidRequest(field, f"must be from 0 to {rule.most:g}")
    return msgspec.structs.replace(request, **filled)


class BtcturkFaults(ArmedFaults[BtcturkFault]):
    """The armed faults. A fault stays armed until it was done `count` times or all are cleared."""

    def __init__(self) -> None:
        super().__init__(NAMES, completed)

    def arm(self, fault: FaultName, **parameters: Any) -> BtcturkFault:
        """Arms a fault; `parameters` are the fields of `BtcturkFault`. Raises `InvalidRequest` with the wrong field."""
        return self.add(BtcturkFault(fault=fault, **parameters))

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
            lambda fault: fault.fault in names and _fits(fault, (pair, *pairs), endpoint, model),
        )


def _fits(fault: BtcturkFault, pairs: Collection[str | None], endpoint: str | None, model: int | None) -> bool:
    return fault.pair in (None, *pairs) and fault.endpoint in (None, endpoint) and fault.model in (None, model)
