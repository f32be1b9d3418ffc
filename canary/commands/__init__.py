"""The commands of the command line. Each module adds its own command and runs it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from canary.report import pretty
from canary.verdict import Judgement
from canary.words import reason_of

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

EXIT_CODES = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 2}
WRONG_USE = 64


def summary(judgement: Judgement) -> str:
    """Returns one line: the verdict, its first reasons, and the percentile with its n."""
    p95 = "none" if judgement.p95_seconds is None else f"{judgement.p95_seconds:.3f} s"
    return f"{judgement.verdict}: {reason_of(judgement)} (p95 {p95}, n={judgement.samples})"


def print_json(value: object) -> None:
    """Prints a message, or a container of messages, as JSON with indents."""
    sys.stdout.write(pretty(value).decode())
