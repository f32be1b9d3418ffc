"""`status`: prints the running canary's latest verdict in one line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from canary.commands import EXIT_CODES, summary
from canary.commands.running import asked
from canary.settings import Settings
from canary.verdict import Judgement

if TYPE_CHECKING:
    from canary.commands import Commands


def add_to(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser("status", help="print the running canary's latest verdict in one line")
    parser.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Prints the verdict and returns its code; no answer is INCONCLUSIVE. Raises SettingsError."""
    latest = asked(Settings.from_environment().port, "/v1/status", Judgement)
    if latest is None:
        print("INCONCLUSIVE: the canary does not answer")
        return EXIT_CODES["INCONCLUSIVE"]
    print(summary(latest))
    return EXIT_CODES[latest.verdict]
