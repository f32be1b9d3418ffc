"""`versions`: prints the version of each part that runs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from canary.commands.running import asked
from canary.observation import Running
from canary.settings import Settings
from canary.versions import shown
from common import wire

if TYPE_CHECKING:
    from canary.commands import Commands


class Seen(wire.Message, frozen=True, kw_only=True):
    """The field of `GET /v1/status` that `versions` prints.

    running: the version of each part.
    """

    running: tuple[Running, ...] = ()


def add_to(commands: Commands) -> None:
    """Adds the command."""
    commands.add_parser("versions", help="print the version of each part that runs").set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Prints a table of the parts that run, as it saw them. Returns 1 without an answer. Raises SettingsError."""
    latest = asked(Settings.from_environment().port, "/v1/status", Seen)
    if latest is None:
        return 1
    print("\n".join(shown(latest.running)))
    return 0
