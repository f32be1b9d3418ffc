"""The command line: each command is a module of `canary/commands`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from canary.commands import WRONG_USE, baseline, compare, evidence, history, key, run, status, trial, verify, versions
from common.settings import SettingsError

_COMMANDS = (run, evidence, verify, compare, key, status, history, baseline, versions, trial)


class _Parser(argparse.ArgumentParser):
    """Ends a wrong call with an exit code that no verdict has."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.print_usage(sys.stderr)
        self.exit(WRONG_USE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code: what the command gives, and 64 for a wrong call or wrong settings."""
    parser = _Parser(prog="canary")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in _COMMANDS:
        command.add_to(commands)
    chosen = parser.parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except SettingsError as error:
        print(error, file=sys.stderr)
        return WRONG_USE
