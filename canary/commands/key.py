"""`key export` and `key rotate`: the public keys of the evidence, and a new private one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from canary.chainfolder import ChainFolder
from canary.keys import CannotSign, KeyFile
from canary.settings import Settings
from canary.trust import Trust, trust_of_file
from common.clock import SYSTEM_CLOCK
from common.files import replace_durably

if TYPE_CHECKING:
    from canary.commands import Commands


def add_to(commands: Commands) -> None:
    """Adds the commands."""
    told = "the key that signs evidence: export its trust file, or rotate it"
    actions = commands.add_parser("key", help=told).add_subparsers(dest="action", required=True)
    export = actions.add_parser("export", help="print the trust file: public keys alone, for verify --trust")
    export.add_argument("--out", type=Path, help="write it to this file")
    export.set_defaults(run=run_export)
    rotate = actions.add_parser(
        "rotate", help="make a new key, and name it in the chain, signed by the old and the new"
    )
    rotate.add_argument("--revoke-since", type=int, metavar="SEQUENCE", help="the old key was stolen before this entry")
    rotate.set_defaults(run=run_rotate)


def run_export(chosen: argparse.Namespace) -> int:
    """Prints the trust file, or writes it; prints the first root's fingerprint to standard error. Returns 0 or 1.

    Raises SettingsError.
    """
    try:
        content = _chain().trust_file(SYSTEM_CLOCK.now())
        if chosen.out is None:
            print(content.decode(), end="")
        else:
            replace_durably(chosen.out, content, mode=0o644)
    except (CannotSign, OSError) as error:
        return _refused(error)
    _tell(trust_of_file(content))
    return 0


def run_rotate(chosen: argparse.Namespace) -> int:
    """Makes the new key, writes the chain's entry, and prints both. Returns 0 or 1. Raises SettingsError."""
    chain = _chain()
    try:
        root = chain.rotate(SYSTEM_CLOCK.now(), chosen.revoke_since)
        trust = chain.trust()
    except (CannotSign, OSError) as error:
        return _refused(error)
    print(f"entry {root.entry.link.sequence} names the new key {trust.keys[-1].keyid}; export the trust file anew")
    _tell(trust)
    return 0


def _chain() -> ChainFolder:
    settings = Settings.from_environment()
    return ChainFolder(settings.evidence_dir, KeyFile(settings.evidence_key))


def _tell(trust: Trust) -> None:
    told = f"version {len(trust.roots)}, key {trust.keys[-1].keyid}, fingerprint of the first root {trust.fingerprint}"
    print(told, file=sys.stderr)


def _refused(error: Exception) -> int:
    print(f"refused: {error}", file=sys.stderr)
    return 1
