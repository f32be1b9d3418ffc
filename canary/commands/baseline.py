"""`baseline set` and `baseline show`: the moment from which restarts are judged."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from canary.baseline import LONGEST_BY, LONGEST_WHY, CountedContainer, RestartBaseline, text_fault
from canary.baseline_file import BaselineFile
from canary.commands import EXIT_CODES, WRONG_USE, print_json
from canary.parts import engine_of
from canary.settings import Settings
from common.clock import SYSTEM_CLOCK
from common.errors import Unavailable

if TYPE_CHECKING:
    from canary.commands import Commands

_NONE = "no restart baseline is set: restarts are judged since each container was made"


def add_to(commands: Commands) -> None:
    """Adds the command with its two actions."""
    parser = commands.add_parser("baseline", help="set or show the moment from which restarts are judged")
    actions = parser.add_subparsers(dest="action", required=True)
    setting = actions.add_parser("set", help="judge restarts from now on only")
    setting.add_argument("--by", required=True, help=f"your name, at most {LONGEST_BY} letters")
    setting.add_argument("--why", required=True, help=f"the reason, at most {LONGEST_WHY} letters")
    setting.set_defaults(run=run_set)
    showing = actions.add_parser("show", help="print the baseline")
    showing.add_argument("--json", action="store_true", help="print it as JSON; null when none is set")
    showing.set_defaults(run=run_show)


def run_set(chosen: argparse.Namespace) -> int:
    """Stores the restarts of every container as they are now.

    Returns 0; 2 when the engine can't be asked or the file can't be written; 64 for a name or reason that can't be.
    Raises SettingsError.
    """
    settings = Settings.from_environment()
    for option, text, most in (("--by", chosen.by, LONGEST_BY), ("--why", chosen.why, LONGEST_WHY)):
        fault = text_fault(option, text, most)
        if fault:
            print(f"canary baseline set: {fault}", file=sys.stderr)
            return WRONG_USE
    try:
        containers = engine_of(settings).read()
        counts = tuple(
            CountedContainer(id=one.id, name=one.name, restart_count=one.restart_count) for one in containers
        )
        baseline = RestartBaseline(by=chosen.by, at=SYSTEM_CLOCK.now(), why=chosen.why, counts=counts)
        BaselineFile(settings.evidence_dir).write(baseline)
    except Unavailable as error:
        print(f"the restart baseline is not set: {error.message}", file=sys.stderr)
        return EXIT_CODES["INCONCLUSIVE"]
    except (OSError, ValueError) as error:
        print(f"the restart baseline can't be written: {error}", file=sys.stderr)
        return EXIT_CODES["INCONCLUSIVE"]
    print("\n".join(_shown(baseline)))
    return 0


def run_show(chosen: argparse.Namespace) -> int:
    """Prints the baseline. Returns 0, and 2 when its file can't be read. Raises SettingsError."""
    baseline, trouble = BaselineFile(Settings.from_environment().evidence_dir).read()
    if trouble:
        print(f"{trouble}: restarts are judged in all", file=sys.stderr)
        return EXIT_CODES["INCONCLUSIVE"]
    if chosen.json:
        print_json(baseline)
    else:
        print("\n".join(_shown(baseline)) if baseline else _NONE)
    return 0


def _shown(baseline: RestartBaseline) -> list[str]:
    at = baseline.at.isoformat(timespec="seconds")
    return [
        f"restarts are judged since {at}, set by {baseline.by}: {baseline.why}",
        *(f"{one.name}: {one.restart_count} before" for one in baseline.counts),
    ]
