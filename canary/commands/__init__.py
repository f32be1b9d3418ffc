"""The commands of the command line. Each module adds its own command and runs it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from canary.verdict import Judgement

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

EXIT_CODES = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 2}
WRONG_USE = 64
_MOST_REASONS = 5


def summary(judgement: Judgement) -> str:
    """Returns one line: the verdict, its first reasons, and the percentile with its n."""
    p95 = "none" if judgement.p95_seconds is None else f"{judgement.p95_seconds:.3f} s"
    shown = "; ".join(judgement.reasons[:_MOST_REASONS]) or "every condition is met"
    more = len(judgement.reasons) - _MOST_REASONS
    return f"{judgement.verdict}: {shown}{f'; and {more} more' if more > 0 else ''} (p95 {p95}, n={judgement.samples})"
