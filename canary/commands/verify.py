"""`verify FILE`: checks a package and judges anew from its raw files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from canary.verify import faults_of

if TYPE_CHECKING:
    from canary.commands import Commands


def add_to(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser("verify", help="check a package and judge anew from its raw files")
    parser.add_argument("file", type=Path)
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Prints each fault of a package, or that it has none. Returns 1 when it has one."""
    faults = faults_of(chosen.file)
    for fault in faults:
        print(fault, file=sys.stderr)
    told = "NOT as it was written" if faults else "whole, and its verdict follows from its raw files"
    print(f"{chosen.file}: {told}")
    return 1 if faults else 0
