"""`make faults [ONLY=name,name]`: each fault on a fresh stack of its own, a row for each, and the table in a file."""

from __future__ import annotations

import signal
import sys
import traceback
from datetime import UTC, datetime
from types import FrameType

from init.receivers.names import RECEIVERS
from tests.broken_off import BrokenOff
from tests.faults import report, table
from tests.faults.run import Outcome, alone
from tests.stack.stack import ROOT, revision_here

FILE = ROOT / "prometheus" / "FAULTS.md"


def main(arguments: list[str]) -> int:
    """0 when every fault went as expected, 1 when one did not, 2 for a wrong name."""
    only = arguments[0] if arguments else ""
    try:
        faults = table.named(only)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _break_off)
    outcomes: list[Outcome] = []
    for number, fault in enumerate(faults, 1):
        print(f"[{number}/{len(faults)}] {fault.name}", flush=True)
        try:
            outcomes.append(alone(fault))
            print(report.line(outcomes[-1]), flush=True)
        except (AssertionError, OSError, LookupError):
            print(f"SHORT {fault.name} was not run to its end:\n{traceback.format_exc()}", flush=True)
    if not only and len(outcomes) == len(faults):
        FILE.write_text(report.document(outcomes, datetime.now(UTC), revision_here(), RECEIVERS))
        print(f"written: {FILE.relative_to(ROOT)}")
    short = len(faults) - sum(not each.short for each in outcomes)
    print(f"faults: {'FAIL' if short else 'PASS'} {len(faults)} faults, {short} fell short")
    return 1 if short else 0


def _break_off(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise BrokenOff("SIGTERM: the stack is taken down")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
