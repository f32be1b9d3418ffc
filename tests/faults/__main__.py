"""`make faults [ONLY=name,name]`: each fault on a fresh stack of its own, a row for each, and the table in a file."""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import UTC, datetime
from types import FrameType

from init.receivers.names import RECEIVERS
from tests.broken_off import BrokenOff
from tests.faults import report, table
from tests.faults.run import alone
from tests.faults.side_by_side import outcomes
from tests.stack.stack import ROOT, revision_here

FILE = ROOT / "prometheus" / "FAULTS.md"
JOBS = 2


def main(arguments: list[str]) -> int:
    """0 when every fault went as expected, 1 when one did not, 2 for a wrong name or number."""
    only = arguments[0] if arguments else ""
    try:
        faults, jobs = table.named(only), int(os.environ.get("JOBS") or JOBS)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _break_off)
    begun, found = time.monotonic(), []
    for outcome in outcomes(table.longest_first(faults), jobs, alone):
        found.append(outcome)
        print(f"[{len(found)}/{len(faults)}] {report.line(outcome)}", flush=True)
    if not only:
        found.sort(key=lambda outcome: faults.index(outcome.fault))
        FILE.write_text(report.document(found, datetime.now(UTC), revision_here(), RECEIVERS))
        print(f"written: {FILE.relative_to(ROOT)}")
    short = sum(bool(outcome.short) for outcome in found)
    minutes = (time.monotonic() - begun) / 60
    print(f"faults: {'FAIL' if short else 'PASS'} {len(faults)} faults, {short} fell short, {minutes:.0f} minutes")
    return 1 if short else 0


def _break_off(number: int, _frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)
    raise BrokenOff("SIGTERM: the stacks are taken down")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
