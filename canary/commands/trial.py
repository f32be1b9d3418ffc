"""`trial`: gives two executors equal orders, and says whether the second one may take the place of the first."""

from __future__ import annotations

import argparse
import re
import sys
import time
from typing import TYPE_CHECKING

from canary.commands import WRONG_USE
from canary.settings import Settings
from canary.trial.judge import Tried, judged, shown
from canary.trial.side import MarketDataClient, Side
from canary.trial.traffic import Trial
from common import wire
from common.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from canary.commands import Commands

EXIT_CODES = {"equal": 0, "worse": 1, "unclear": 2}
_URL = re.compile(r"http://[a-zA-Z0-9._-]{1,200}(:[0-9]{1,5})?")
_TOKEN = re.compile(r"[\x21-\x7e]{1,200}")


def add_to(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "trial",
        help="give two executors equal orders: may the second one take the place of the first? (make canary runs it)",
        description="Places orders, so it reads the operator's token from standard input. Both executors must have an "
        "account that nobody else trades on.",
    )
    parser.add_argument("--baseline", required=True, type=_url, help="the address of the executor that is sound")
    parser.add_argument("--candidate", required=True, type=_url, help="the address of the executor that is tried")
    parser.add_argument("--marketdata", default="http://marketdata:5001", type=_url, help="the address of market data")
    parser.add_argument("--baseline-image", default="", help="the id of its image, for the record")
    parser.add_argument("--candidate-image", default="", help="the id of its image, for the record")
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Runs the trial. Returns 0 for equal, 1 for worse, 2 for unclear, 64 without a token. Raises SettingsError."""
    token = sys.stdin.readline(300).strip()
    if not _TOKEN.fullmatch(token):
        print("trial: the operator's token is expected on standard input", file=sys.stderr)
        return WRONG_USE
    settings = Settings.from_environment()
    clock = SYSTEM_CLOCK
    began = clock.now()
    trial = Trial(
        baseline=Side("baseline", chosen.baseline, token, time.perf_counter),
        candidate=Side("candidate", chosen.candidate, token, time.perf_counter),
        market=MarketDataClient(chosen.marketdata, time.perf_counter),
        clock=clock,
        pause=time.sleep,
        tell=lambda line: print(line, file=sys.stderr, flush=True),
    )
    record = trial.run()
    tried = Tried(
        baseline_image=chosen.baseline_image,
        candidate_image=chosen.candidate_image,
        market=settings.service.market,
        began_at=began,
        ended_at=clock.now(),
    )
    result = judged(record, tried)
    if chosen.json:
        print(wire.encode(result).decode())
    print("\n".join(map(_plain, shown(result))), file=sys.stderr if chosen.json else sys.stdout)
    return EXIT_CODES[result.outcome]


def _url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text[:60]!r}: must be http://HOST:PORT")
    return text


def _plain(text: str) -> str:
    """An executor chose some of these letters: none may act on a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
