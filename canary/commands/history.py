"""`history`: prints rounds, changes of the verdict, hours or uptime out of the history's file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from canary.commands import EXIT_CODES, print_json
from canary.history import reads
from canary.history.cursor import LAST
from canary.history.entries import microseconds
from canary.history.messages import HourSummary, RunRow, Uptime
from canary.history.store import HistoryFile
from canary.history.uptime import totals
from canary.settings import Settings
from common.clock import SYSTEM_CLOCK
from common.errors import Unavailable

if TYPE_CHECKING:
    from canary.commands import Commands

DEFAULT_LAST, MOST_LAST = 20, 20_000
_DAYS = 30
_NONE = "there is no history yet"


def add_to(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser("history", help="print the latest rounds, changes, hours, or the uptime")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--changes", action="store_true", help="changes of the verdict alone, for a year")
    kind.add_argument("--hours", action="store_true", help="a line for each hour, for a year")
    kind.add_argument("--uptime", action="store_true", help=f"uptime of each service in the last {_DAYS} days")
    told = f"how many rounds, changes or hours, at most {MOST_LAST} ({DEFAULT_LAST})"
    parser.add_argument("--last", type=_count, default=DEFAULT_LAST, metavar="N", help=told)
    parser.add_argument("--json", action="store_true", help="print them as JSON")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Prints what is asked for, newest first. Returns 0, and 2 when the history can't be read. Raises SettingsError."""
    file = HistoryFile(Settings.from_environment().evidence_dir)
    try:
        rows = _rows(chosen, file)
    except Unavailable as error:
        print(error.message, file=sys.stderr)
        return EXIT_CODES["INCONCLUSIVE"]
    if chosen.json:
        print_json(rows)
    else:
        print("\n".join(_line(row) for row in rows) or _NONE)
    return 0


def _rows(chosen: argparse.Namespace, file: HistoryFile) -> Sequence[RunRow | HourSummary | Uptime]:
    if chosen.uptime:
        now = microseconds(SYSTEM_CLOCK.now())
        return totals(file.read(lambda database: reads.uptime(database, now, _DAYS)) or ())
    if chosen.hours:
        hours = file.read(lambda database: reads.hours(database, LAST, chosen.last))
        return hours[0] if hours else ()
    wanted = reads.RunFilter(changed=chosen.changes)
    runs = file.read(lambda database: reads.runs(database, wanted, LAST, chosen.last))
    return runs[0] if runs else ()


def _line(row: RunRow | HourSummary | Uptime) -> str:
    if isinstance(row, Uptime):
        up = "unknown" if row.ratio is None else f"{100 * row.ratio:.3f} %"
        return f"{row.service}: up {up} of {row.rounds} rounds, {row.unobserved_seconds / 60:.0f} minutes unobserved"
    if isinstance(row, HourSummary):
        rounds = ", ".join(f"{count} {verdict}" for verdict, count in row.rounds.items())
        p95 = f"p95 {_p95(row.p95_median_seconds)}, worst {_p95(row.p95_worst_seconds)}"
        return f"{row.hour:%Y-%m-%dT%H:%MZ} {rounds}; {p95}"
    told = "; ".join((*row.reasons, *([f"and {row.more_reasons} more"] if row.more_reasons else [])))
    was = f" (was {row.was})" if row.was else ""
    return f"{row.at:%Y-%m-%dT%H:%M:%SZ} {row.verdict}{was} p95 {_p95(row.p95_seconds)} {told}".rstrip()


def _p95(seconds: float | None) -> str:
    return "none" if seconds is None else f"{seconds:.3f} s"


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= MOST_LAST:
        return int(text)
    raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {MOST_LAST}, not {text[:20]!r}")
