"""Writes the frames that leave the server, changed where a fault is armed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from common.bist import rules
from venue.algolab.faults import AlgoLabFault, AlgoLabFaults, FrameFault
from venue.algolab.frames import Frame
from venue.armed_faults import FaultRequest
from venue.lies import Lies, multiple
from venue.oddities import float_noise, nulled, odd_numbers

OF_TICKS: tuple[FrameFault, ...] = ("no_bid", "duplicate_tick")
OF_ROWS: tuple[FrameFault, ...] = ("missing_rows", "crossed_rows")
LASTING: dict[FrameFault, str] = {"stuck_rows": "D", "stuck_ticks": "T", "lying_ticks": "T"}
"""The faults that last for some time, with the type of the frames that they change."""
MAINTENANCE = b'{"Type":"MSG","Content":{"Message":"maintenance"}}'
OF_ALL: tuple[FrameFault, ...] = (
    *("stale_date", "out_of_order_date", "unknown_type", "lower_case_keys", "garbage"),
    *("odd_numbers", "null_fields", "float_noise"),
)
PRICES = ("Price", "Ask", "Bid", "RefPrice", "BalancePrice")
UNUSED = ("Market", "Change", "High", "Low", "Buying", "Selling", "OrderCount")


def texts(made: Iterable[Frame], faults: AlgoLabFaults, lies: Lies) -> list[bytes]:
    """Returns the texts to send. Each frame meets one fault at most."""
    if lies.now("maintenance", ""):
        for frame in made:
            _withhold("maintenance", "", frame, lies)
        return [MAINTENANCE]
    sent = [msgspec.json.encode(frame) for frame in lies.released()]
    for frame in made:
        lie = _lie_for(frame, faults, lies) if len(faults) or len(lies) else None
        if lie is not None:
            sent += _told(frame, lie, lies)
            continue
        fault = _fault_for(frame, faults) if len(faults) else None
        if fault is None:
            sent.append(msgspec.json.encode(frame))
        else:
            sent += _changed(frame, fault)
    return sent


def _told(frame: Frame, lie: FaultRequest, lies: Lies) -> list[bytes]:
    """Returns what the lie leaves of a frame."""
    if lie.fault == "lying_ticks":
        return [_lying(frame, lie.percent or 0.0)]
    if lie.fault == "stuck_rows":
        _withhold("stuck_rows", frame["Content"]["Symbol"], frame, lies)
    return []


def _withhold(name: str, symbol: str, frame: Frame, lies: Lies) -> None:
    """Keeps a row back until the fault ends. It is sent then as it is by then: no row is lost."""
    content = frame["Content"]
    if frame["Type"] == "D":
        lies.withhold(name, symbol, (content["Symbol"], content["Direction"], content["Row"]), frame)


def _lie_for(frame: Frame, faults: AlgoLabFaults, lies: Lies) -> FaultRequest | None:
    symbol = frame["Content"]["Symbol"]
    for name, kind in LASTING.items():
        if frame["Type"] == kind:
            fault = faults.next_fault(name, symbols=(symbol,))
            if fault is not None:
                lies.begin(fault, symbol)
            found = lies.now(name, symbol)
            if found is not None:
                return found
    return None


def _lying(frame: Frame, percent: float) -> bytes:
    """Returns a tick whose best prices are so many percent lower, and possible ones."""
    content = frame["Content"]
    day = datetime.fromisoformat(content["Date"]).date()
    return _with(
        frame,
        Bid=_lower(content["Bid"], percent, day, up=False),
        Ask=_lower(content["Ask"], percent, day, up=True),
    )


def _lower(price: float, percent: float, day: date, *, up: bool) -> float:
    """Returns a price that is so many percent lower and on its tick; 0, which is no price, stays."""
    lower = Decimal(str(price)) * (100 - Decimal(str(percent))) / 100
    return float(multiple(lower, rules.tick_size(lower, day), up=up)) if lower > 0 else 0.0


def _fault_for(frame: Frame, faults: AlgoLabFaults) -> AlgoLabFault | None:
    content = frame["Content"]
    names = OF_ALL
    if frame["Type"] == "T":
        names += OF_TICKS
    else:
        names += OF_ROWS if content["Row"] == 0 and content["Direction"] == "B" else ("missing_rows",)
    return faults.next_fault(*names, symbols=(content["Symbol"],))


def _changed(frame: Frame, fault: AlgoLabFault) -> list[bytes]:
    content = frame["Content"]
    whole = msgspec.json.encode(frame)
    match fault.fault:
        case "stale_date" | "out_of_order_date":
            late = datetime.fromisoformat(content["Date"]) - timedelta(seconds=fault.seconds or 0.0)
            return [_with(frame, Date=late.isoformat())]
        case "no_bid":
            return [_with(frame, Bid=0.0)]
        case "crossed_rows":
            return [_with(frame, Price=round(content["Price"] * 1.05, 2))]
        case "duplicate_tick":
            return [whole, whole]
        case "unknown_type":
            return [msgspec.json.encode({"Type": "Z", "Content": {"Symbol": content["Symbol"]}}), whole]
        case "lower_case_keys":
            lower = {key.lower(): value for key, value in content.items()}
            return [msgspec.json.encode({"type": frame["Type"], "content": lower})]
        case "garbage":
            return [b'{"Type":"T","Content":{', whole]
        case "odd_numbers":
            return [odd_numbers(frame)]
        case "null_fields":
            return [msgspec.json.encode({**frame, "Content": nulled(content, UNUSED)})]
        case "float_noise":
            return [msgspec.json.encode(float_noise(frame, PRICES))]
        case _:
            return []


def _with(frame: Frame, **changed: Any) -> bytes:
    return msgspec.json.encode({**frame, "Content": {**frame["Content"], **changed}})
