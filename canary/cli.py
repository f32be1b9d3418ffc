"""The command line: `evidence` writes a package, `verify FILE` checks one, `status` and `versions` tell of now."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from canary.archive import zip_of
from canary.observation import Running
from canary.observer import ProbeRound
from canary.package import forms, raw_files, with_sums
from canary.parts import Parts
from canary.report import Origin, report_of
from canary.settings import Settings
from canary.verdict import Judgement, judge
from canary.verify import faults_of
from canary.versions import shown
from common import VERSION, wire
from common.build import build_of
from common.client import JsonClient
from common.clock import SYSTEM_CLOCK
from common.errors import Unavailable
from common.loop import Stop, Supervisor
from common.settings import SettingsError

EXIT_CODES = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 2}
WRONG_USE = 64
_MOST_REASONS = 5
_STATUS_SECONDS = 5.0


class Seen(wire.Message, frozen=True, kw_only=True):
    """The field of `GET /v1/status` that `versions` prints.

    running: the version of each part.
    """

    running: tuple[Running, ...] = ()


class _Parser(argparse.ArgumentParser):
    """Ends a wrong call with an exit code that no verdict has."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.print_usage(sys.stderr)
        self.exit(WRONG_USE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code.

    It is 0, 1 or 2 for PASS, FAIL or INCONCLUSIVE, 0 or 1 for `verify`, and 64 for a wrong call or wrong settings.
    """
    parser = _Parser(prog="canary")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("evidence", help="run a fresh round, judge it, write an evidence package, print its path")
    verifying = commands.add_parser("verify", help="check a package and judge anew from its raw files")
    verifying.add_argument("file", type=Path)
    commands.add_parser("status", help="print the running canary's latest verdict in one line")
    commands.add_parser("versions", help="print the version of each part that runs")
    chosen = parser.parse_args(arguments)
    if chosen.command == "verify":
        return verify(chosen.file)
    try:
        settings = Settings.from_environment()
        if chosen.command == "evidence":
            return evidence(settings)
        return status(settings.port) if chosen.command == "status" else versions(settings.port)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return WRONG_USE


def evidence(settings: Settings) -> int:
    """Writes one package. Its path goes to standard output, the verdict with its reasons to standard error."""
    parts = Parts.build(settings, Supervisor(Stop()))
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


def status(port: int) -> int:
    """Prints the verdict of the canary that runs on `port` of this machine; no answer is INCONCLUSIVE."""
    try:
        latest = JsonClient(f"http://127.0.0.1:{port}", _STATUS_SECONDS).get("/v1/status", Judgement)
    except Unavailable as error:
        latest = None
        print(error.message, file=sys.stderr)
    if latest is None:
        print("INCONCLUSIVE: the canary does not answer")
        return EXIT_CODES["INCONCLUSIVE"]
    print(summary(latest))
    return EXIT_CODES[latest.verdict]


def versions(port: int) -> int:
    """Prints a table of the parts that run, as the canary on `port` of this machine saw them; 1 without an answer."""
    try:
        latest = JsonClient(f"http://127.0.0.1:{port}", _STATUS_SECONDS).get("/v1/status", Seen)
    except Unavailable as error:
        latest = None
        print(error.message, file=sys.stderr)
    if latest is None:
        return 1
    print("\n".join(shown(latest.running)))
    return 0


def package_of(seen: ProbeRound, judgement: Judgement, settings: Settings) -> bytes:
    """Returns the bytes of the package of one round and its judgement."""
    build = build_of(settings.service.name)
    origin = Origin(version=build.version, revision=build.revision, market=settings.service.market)
    metrics = {one.answer.target: one.raw for one in seen.answers if one.answer.check == "metrics"}
    answers = [one.answer for one in seen.answers]
    files = raw_files(seen.observation, answers, metrics, origin)
    return zip_of(with_sums(files | forms(report_of(seen.observation, judgement, settings.limits, origin))))


def verify(file: Path) -> int:
    """Prints each fault of a package, or that it has none. Returns the exit code."""
    faults = faults_of(file)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{file}: {'NOT as it was written' if faults else 'whole, and its verdict follows from its raw files'}")
    return 1 if faults else 0


def summary(judgement: Judgement) -> str:
    """Returns one line: the verdict, its first reasons, and the percentile with its n."""
    p95 = "none" if judgement.p95_seconds is None else f"{judgement.p95_seconds:.3f} s"
    shown = "; ".join(judgement.reasons[:_MOST_REASONS]) or "every condition is met"
    more = len(judgement.reasons) - _MOST_REASONS
    return f"{judgement.verdict}: {shown}{f'; and {more} more' if more > 0 else ''} (p95 {p95}, n={judgement.samples})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
