"""`compare`: compares the stack before and after a change, from packages or from a fresh measurement."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from canary.commands import WRONG_USE
from canary.comparison import RunEntry, StackComparison, TargetComparison, compare_runs
from canary.conditions import printable
from canary.fresh_run import measure
from canary.parts import Parts
from canary.past_runs import RefusedPackage, passing_runs, runs_of
from canary.settings import Settings
from common import wire
from common.build import build_of
from common.clock import SYSTEM_CLOCK
from common.loop import Stop, Supervisor

if TYPE_CHECKING:
    from canary.commands import Commands

EXIT_CODES = {"alike": 0, "worse": 1, "unclear": 2}
LAST = 10
MOST_LAST = 200
_COLUMNS = (
    "target",
    "outcome",
    "runs",
    "samples",
    "before ms",
    "after ms",
    "ratio",
    "interval",
    "found from",
    "failed",
)


def add_to(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "compare", help="compare the stack before and after a change: packages, or now with the last runs that passed"
    )
    parser.add_argument("before", nargs="*", type=Path, help="packages of earlier runs that passed")
    parser.add_argument("--with", dest="after", nargs="+", type=Path, metavar="AFTER", help="packages of new runs")
    parser.add_argument("--last", type=_count, help=f"without packages: the runs to compare with, {LAST} by default")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Prints the comparison and returns 0 for alike, 1 for worse, 2 for unclear. Raises SettingsError.

    A package with a fault is named on standard error, nothing is compared, and the code is 2.
    """
    before, after = chosen.before, chosen.after or []
    if bool(before) != bool(after):
        print("compare: name the packages of both sides, BEFORE... --with AFTER..., or none", file=sys.stderr)
        return WRONG_USE
    if before and chosen.last is not None:
        print("compare: --last is for a fresh measurement, without packages", file=sys.stderr)
        return WRONG_USE
    try:
        found = _of_packages(before, after) if before else _of_now(LAST if chosen.last is None else chosen.last)
    except RefusedPackage as error:
        print(f"unclear: nothing is compared: {error}", file=sys.stderr)
        return EXIT_CODES["unclear"]
    print(wire.encode(found).decode() if chosen.json else "\n".join(shown(found)))
    return EXIT_CODES[found.outcome]


def _of_packages(before: Sequence[Path], after: Sequence[Path]) -> StackComparison:
    """Returns the comparison of packages. Raises RefusedPackage."""
    return compare_runs(*runs_of(before, after))


def _of_now(last: int) -> StackComparison:
    """Returns the comparison of the running stack with the last runs that passed. Raises SettingsError."""
    settings = Settings.from_environment()
    parts = Parts.build(settings, Supervisor(Stop()))
    build = build_of(settings.service.name)
    now = measure(parts.observer, build, SYSTEM_CLOCK, lambda line: print(line, file=sys.stderr, flush=True))
    earlier, left_out = passing_runs(parts.evidence, last, settings.service.market, now)
    return compare_runs(earlier, [now], left_out)


def shown(found: StackComparison) -> Iterator[str]:
    """Returns the comparison as lines for people: a table of the targets, then a sentence about each."""
    yield f"{found.outcome}: {found.kind}"
    yield f"before: {_runs(found.before)}"
    yield f"after: {_runs(found.after)}"
    rows = [_COLUMNS, *map(_row, found.targets)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    for one in found.targets:
        yield f"{printable(one.target)}: {one.outcome}: {one.reason}"
    for sentence in found.left_out:
        yield f"left out: {printable(sentence)}"


def _row(one: TargetComparison) -> tuple[str, ...]:
    known = one.latency
    interval = "" if known.lower is None else f"{known.lower:.2f} to {known.upper:.2f}"
    return (
        printable(one.target),
        one.outcome,
        f"{known.before_runs} / {known.after_runs}",
        f"{known.before_samples} / {known.after_samples}",
        _number(known.before_seconds, 1000),
        _number(known.after_seconds, 1000),
        _number(known.ratio),
        interval,
        _number(known.smallest_found),
        f"{one.before_unanswered} / {one.after_unanswered}",
    )


def _number(value: float | None, factor: int = 1) -> str:
    return "" if value is None else f"{value * factor:.2f}"


def _runs(runs: Sequence[RunEntry]) -> str:
    if not runs:
        return "no runs"
    moments = sorted({f"{one.checked_at:%Y-%m-%d %H:%M:%SZ}" for one in runs})
    when = moments[0] if len(moments) == 1 else f"{moments[0]} to {moments[-1]}"
    versions = ", ".join(dict.fromkeys(printable(f"{one.version} {one.revision}") for one in runs))
    return f"{len(runs)} {'run' if len(runs) == 1 else 'runs'}, {when}, version {versions}"


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= MOST_LAST:
        raise argparse.ArgumentTypeError(f"{text[:20]!r}: must be a whole number from 1 to {MOST_LAST}")
    return int(text)
