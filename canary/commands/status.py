"""`status`: prints the running canary's latest verdict in one line."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from canary.commands import EXIT_CODES, print_json, summary
from canary.commands.running import asked
from canary.settings import Settings
from canary.verdict import Judgement

if TYPE_CHECKING:
    from canary.commands import Commands

_NO_ANSWER = Judgement(
    verdict="INCONCLUSIVE", reasons=("the canary does not answer",), p95_seconds=None, samples=0, conditions=()
)


def add_to(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser("status", help="print the running canary's latest verdict in one line")
    parser.add_argument("--json", action="store_true", help="print the judgement as JSON")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Prints the verdict and returns its code; no answer is INCONCLUSIVE. Raises SettingsError."""
    latest = asked(Settings.from_environment().port, "/v1/status", Judgement) or _NO_ANSWER
    if chosen.json:
        print_json(latest)
    elif latest is _NO_ANSWER:
        print(f"{latest.verdict}: {latest.reasons[0]}")
    else:
        print(summary(latest))
    return EXIT_CODES[latest.verdict]
