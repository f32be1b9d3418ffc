"""`evidence`: runs a fresh round, judges it and writes a package."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from canary.commands import EXIT_CODES, summary
from canary.packing import package_of
from canary.parts import Parts
from canary.settings import Settings
from canary.verdict import judge
from common import VERSION
from common.clock import SYSTEM_CLOCK
from common.loop import Stop, Supervisor

if TYPE_CHECKING:
    from canary.commands import Commands


def add_to(commands: Commands) -> None:
    """Adds the command."""
    told = "run a fresh round, judge it, write an evidence package, print its path"
    commands.add_parser("evidence", help=told).set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Writes one package and returns 0, 1 or 2 for PASS, FAIL or INCONCLUSIVE. Raises SettingsError.

    The package's path goes to standard output, the verdict with its reasons to standard error.
    """
    settings = Settings.from_environment()
    parts = Parts.build(settings, Supervisor(Stop()))
    parts.containers.read_memory()
    seen = parts.observer.look({"evidence": parts.evidence.trouble()})
    judgement = judge(seen.observation, settings.limits)
    try:
        path = parts.evidence.write(package_of(seen, judgement, settings), VERSION, SYSTEM_CLOCK.now())
    except OSError as error:
        print(f"INCONCLUSIVE: the package can't be written: {error}; {summary(judgement)}", file=sys.stderr)
        return EXIT_CODES["INCONCLUSIVE"]
    print(path)
    print(summary(judgement), file=sys.stderr)
    return EXIT_CODES[judgement.verdict]
