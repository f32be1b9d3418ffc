"""Reads runs of the canary from evidence packages that have no faults."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from canary.archive import MOST_BYTES, NotCanonicalError, files_of
from canary.comparison import Run, apart
from canary.evidence import EvidenceStore
from canary.files import read_bounded
from canary.package import REPORT, SAMPLES, RawSamples
from canary.report import Report
from canary.verdict import Verdict
from canary.verifying.package import check_package
from common import wire
from common.errors import InvalidRequest
from common.wire import Market


class RefusedPackage(Exception):
    """A package can't be used. The text names it and its first fault."""


class PastRun(msgspec.Struct, frozen=True):
    """A run that was read from a package.

    run: the run.
    verdict: its verdict.
    market: the market that the stack ran on.
    """

    run: Run
    verdict: Verdict
    market: Market


def run_of(path: Path) -> PastRun:
    """Returns the run of a package. Raises RefusedPackage when it has a fault. The package is not changed."""
    try:
        content = read_bounded(path, MOST_BYTES)
    except OSError as error:
        raise RefusedPackage(f"{path}: it can't be read: {error}") from error
    faults = check_package(content, None).faults
    if faults:
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise RefusedPackage(f"{path}: {faults[0]}{more}")
    try:
        files = files_of(content)
        report = wire.decode(Report, files[REPORT])
        samples = wire.decode(RawSamples, files[SAMPLES]).samples
        checked_at = datetime.fromisoformat(report.checked_at)
        if not all(moment.tzinfo for moment in (checked_at, *(one.asked_at for one in samples))):
            raise RefusedPackage(f"{path}: it has a time without a zone; times must be UTC")
        run = Run(path.name, checked_at.astimezone(UTC), report.version, report.revision, samples)
    except (NotCanonicalError, KeyError, ValueError, OverflowError, InvalidRequest) as error:
        raise RefusedPackage(f"{path}: it can't be read: {error}") from error
    return PastRun(run, report.verdict, report.market)


def runs_of(before: Iterable[Path], after: Iterable[Path]) -> tuple[list[Run], list[Run]]:
    """Returns the runs of the packages of both sides.

    Raises RefusedPackage for a package with a fault, for an earlier run that did not pass, and for two markets.
    """
    earlier, new = ([(path, run_of(path)) for path in side] for side in (before, after))
    for path, past in earlier:
        if past.verdict != "PASS":
            raise RefusedPackage(f"{path}: its verdict is {past.verdict}, and an earlier run must have passed")
    pasts = [past for _, past in (*earlier, *new)]
    for path, past in (*earlier, *new):
        if past.market != pasts[0].market:
            raise RefusedPackage(f"{path}: its market is {past.market}, the first one's is {pasts[0].market}")
    return [past.run for _, past in earlier], [past.run for _, past in new]


def passing_runs(store: EvidenceStore, last: int, market: Market, beside: Run) -> tuple[list[Run], list[str]]:
    """Returns the newest `last` runs of the folder that passed on `market`, and a sentence for each one left out.

    Runs that overlap a newer one, or `beside`, don't count.
    """
    found: list[Run] = []
    left_out: list[str] = []
    for entry in store.packages():
        if len(found) == last:
            break
        if entry.verdict != "PASS":
            continue
        try:
            past = run_of(store.folder / entry.name)
        except RefusedPackage as error:
            left_out.append(str(error))
            continue
        if past.verdict == "PASS" and past.market == market:
            kept, others = apart([past.run], [beside, *found])
            found += kept
            left_out += others
    return found, left_out
