"""Wall clocks that jump: an executor's, and that of market data, for which every venue is then in the future."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.faults.fault import Fault, Put, between

HOUR = 3600
FILE = "/tmp/clock-off"
SHIFTED = "/shifted"


def _jump(service: str, seconds: int) -> Put:
    return between(
        lambda ground: ground.inside(service, "sh", "-c", f"echo {seconds} >{FILE}"),
        lambda ground: ground.inside(service, "rm", "-f", FILE),
    )


def _clock(service: str) -> dict[str, Any]:
    """A container whose Python programs have a wall clock that can be moved."""
    program = Path(__file__).parent / "shifted"
    environment = {"PYTHONPATH": SHIFTED, "CLOCK_OFF_FILE": FILE}
    return {"services": {service: {"environment": environment, "volumes": [f"{program}:{SHIFTED}:ro"]}}}


FAULTS = (
    Fault(
        "clock-ahead",
        "the wall clock of executor-1 jumps an hour ahead",
        _jump("executor-1", HOUR),
        "ClockJumped",
        60,
        more=_clock("executor-1"),
    ),
    Fault(
        "clock-behind",
        "the wall clock of market data falls an hour behind: what the exchange says is in the future",
        _jump("marketdata", -HOUR),
        "VenueClockOff",
        240,
        more=_clock("marketdata"),
    ),
)
