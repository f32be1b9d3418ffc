"""`verify FILE|DIR`: checks a package, or a folder with its chain, and judges anew from the raw files."""

from __future__ import annotations

import argparse
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from canary.chain import Head
from canary.commands import WRONG_USE
from canary.files import read_bounded
from canary.keys import public_key_in
from canary.timestamp import Authority
from canary.trust import Trust, trust_of_file, trust_of_key
from canary.verifying.folder import check_folder
from canary.verifying.package import check_file
from common import wire

if TYPE_CHECKING:
    from canary.commands import Commands

_HEAD = re.compile(r"([0-9]{1,12}):([0-9a-f]{64})")
_MOST_TRUST_BYTES = 16 * 2**20


class VerifyAnswer(wire.Message, frozen=True, kw_only=True):
    """The answer of `verify --json`.

    path: the file or folder that was checked.
    code: the exit code: 0 whole and trusted, 1 a fault, 2 whole, but no given key vouches for it.
    faults: one sentence for each fault.
    notes: what a reader should know beside that.
    verdict: the verdict of a package; None for a folder.
    sequence, digest: the entry of the package, or the last one of the folder; None when there is none.
    keyid: the key that signed this entry; None when there is none.
    packages: how many packages were checked.
    seen_at: when a timestamp authority that was given saw the package, UTC; None for a folder, and when not proved.
    """

    path: str
    code: int
    faults: tuple[str, ...]
    notes: tuple[str, ...]
    verdict: str | None
    sequence: int | None
    digest: str | None
    keyid: str | None
    packages: int
    seen_at: datetime | None


class _Found(NamedTuple):
    """The part of an answer in which a package and a folder differ."""

    faults: tuple[str, ...]
    notes: tuple[str, ...]
    verdict: str | None
    head: Head | None
    keyid: str | None
    packages: int
    vouched: bool
    seen_at: datetime | None = None


def add_to(commands: Commands) -> None:
    """Adds the command."""
    told = "check a package, or a folder with its chain, and judge anew from the raw files"
    parser = commands.add_parser("verify", help=told)
    parser.add_argument("path", type=Path, metavar="FILE|DIR")
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--trust", type=Path, metavar="FILE", help="the trust file of key export, got on another way")
    given.add_argument("--key", type=Path, metavar="FILE", help="one public key in PEM, got on another way")
    parser.add_argument(
        "--head", type=_head, metavar="SEQ:DIGEST", help="an entry of the chain that was noted elsewhere"
    )
    parser.add_argument(
        "--timestamp-roots", type=Path, metavar="FILE", help="the timestamp authority's certificates in PEM"
    )
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Prints each fault to standard error, each note and the outcome to standard output.

    Returns 0 for whole and trusted, 1 for a fault, 2 when it is whole but no given key vouches for it, and 64 when the
    given keys can't be read.
    """
    try:
        trust, roots = _trust(chosen), _roots(chosen)
    except (OSError, ValueError) as error:
        print(f"the keys or certificates that were given can't be read: {error}", file=sys.stderr)
        return WRONG_USE
    answer = _answer(chosen.path, trust, chosen.head, roots)
    if chosen.json:
        print(wire.encode(answer).decode())
        return answer.code
    for fault in answer.faults:
        print(fault, file=sys.stderr)
    for note in answer.notes:
        print(note)
    print(f"{chosen.path}: {_told(answer)}")
    return answer.code


def _answer(path: Path, trust: Trust | None, head: Head | None, roots: str | None) -> VerifyAnswer:
    if path.is_dir():
        check = check_folder(path, trust, head, roots)
        found = _Found(check.faults, check.notes, None, check.head, check.keyid, check.packages, check.vouched)
    else:
        found = _of_a_file(path, trust, head, roots)
    return VerifyAnswer(
        path=str(path),
        code=1 if found.faults else 0 if found.vouched else 2,
        faults=found.faults,
        notes=found.notes,
        verdict=found.verdict,
        sequence=found.head.sequence if found.head else None,
        digest=found.head.digest if found.head else None,
        keyid=found.keyid,
        packages=found.packages,
        seen_at=found.seen_at,
    )


def _of_a_file(path: Path, trust: Trust | None, head: Head | None, roots: str | None) -> _Found:
    check = check_file(path, trust, Authority.read(roots) if roots else None)
    own = None
    faults = list(check.faults)
    if check.envelope is not None:
        own = Head(check.envelope.entry.link.sequence, check.envelope.digest)
        if head is not None and own != head:
            faults.append(f"it is entry {own.sequence}:{own.digest}, not the one that was given with --head")
    verdict = check.report.verdict if check.report else None
    keyid = check.envelope.keyids[0] if check.envelope else None
    return _Found(tuple(faults), check.notes, verdict, own, keyid, 1, check.vouched, check.seen_at)


def _told(answer: VerifyAnswer) -> str:
    if answer.code == 1:
        return "NOT as it was written"
    what = f"{answer.verdict}, entry" if answer.verdict else f"{answer.packages} packages, the last entry"
    whole = f"whole, and verdicts follow from the raw files ({what} {answer.sequence}:{answer.digest})"
    if answer.seen_at is not None:
        whole += f", seen at {answer.seen_at:%Y-%m-%dT%H:%M:%SZ}"
    if answer.code == 2:
        return f"{whole}, signed by key {answer.keyid}, which nothing given vouches for"
    return f"{whole}, signed by the trusted key {answer.keyid}"


def _trust(chosen: argparse.Namespace) -> Trust | None:
    """Returns the keys that the call names; None without one. Raises OSError and ValueError."""
    if chosen.trust is not None:
        return trust_of_file(read_bounded(chosen.trust, _MOST_TRUST_BYTES))
    if chosen.key is not None:
        return trust_of_key(public_key_in(read_bounded(chosen.key, _MOST_TRUST_BYTES)))
    return None


def _roots(chosen: argparse.Namespace) -> str | None:
    """Returns the certificates that the call names, in PEM; None without any. Raises OSError and ValueError."""
    if chosen.timestamp_roots is None:
        return None
    roots = read_bounded(chosen.timestamp_roots, _MOST_TRUST_BYTES).decode("ascii")
    Authority.read(roots)
    return roots


def _head(text: str) -> Head:
    match = _HEAD.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError("must be SEQ:DIGEST, the number and the 64 hexadecimal digits of an entry")
    return Head(int(match[1]), match[2])
