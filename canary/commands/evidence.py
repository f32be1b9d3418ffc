"""`evidence`: runs a fresh round, judges it and writes a package."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from canary.commands import EXIT_CODES, print_json, summary
from canary.commands.fresh import looked
from canary.keys import CannotSign
from canary.packing import draft_of
from canary.settings import Settings
from canary.verdict import Verdict
from common import wire
from common.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from canary.commands import Commands


class WrittenPackage(wire.Message, frozen=True, kw_only=True):
    """The JSON that `evidence` prints.

    path: the path of the package; None when it could not be written.
    verdict: PASS, FAIL or INCONCLUSIVE.
    reasons: every condition that keeps the verdict from PASS, failed ones first.
    """

    path: str | None
    verdict: Verdict
    reasons: tuple[str, ...]


def add_to(commands: Commands) -> None:
    """Adds the command."""
    told = "run a fresh round, judge it, write an evidence package, print its path"
    parser = commands.add_parser("evidence", help=told)
    parser.add_argument("--json", action="store_true", help="print path, verdict and reasons as JSON")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Writes one package and returns 0, 1 or 2 for PASS, FAIL or INCONCLUSIVE. Raises SettingsError.

    The package's path goes to standard output, the verdict with its reasons to standard error. As JSON all goes to
    standard output too.
    """
    settings = Settings.from_environment()
    parts, seen, judgement = looked(settings)
    try:
        path = parts.evidence.write(draft_of(seen, judgement, settings), SYSTEM_CLOCK.now())
    except (OSError, CannotSign) as error:
        print(f"INCONCLUSIVE: the package can't be written: {error}; {summary(judgement)}", file=sys.stderr)
        if chosen.json:
            reasons = (f"the package can't be written: {error}", *judgement.reasons)
            print_json(WrittenPackage(path=None, verdict="INCONCLUSIVE", reasons=reasons))
        return EXIT_CODES["INCONCLUSIVE"]
    if chosen.json:
        print_json(WrittenPackage(path=str(path), verdict=judgement.verdict, reasons=judgement.reasons))
    else:
        print(path)
    print(summary(judgement), file=sys.stderr)
    return EXIT_CODES[judgement.verdict]
