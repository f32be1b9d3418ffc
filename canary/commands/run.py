"""`run`: runs a fresh round and prints its verdict. It writes no package, and nothing into the history."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from canary.commands import EXIT_CODES, print_json, summary
from canary.commands.fresh import Progress, looked
from canary.settings import Settings

if TYPE_CHECKING:
    from canary.commands import Commands


def add_to(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser("run", help="run a fresh round, judge it, print the verdict with its reasons")
    parser.add_argument("--json", action="store_true", help="print the judgement as JSON")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Prints the verdict with every reason, and returns its code. Progress goes to standard error.

    Raises SettingsError.
    """
    settings = Settings.from_environment()
    print("looking at every target and the engine", file=sys.stderr)
    _, _, judgement = looked(settings, Progress())
    if chosen.json:
        print_json(judgement)
    else:
        print("\n".join((summary(judgement), *(f"- {reason}" for reason in judgement.reasons))))
    return EXIT_CODES[judgement.verdict]
