"""`make chaos MINUTES=5`: the kills and what they found; the last line says if it passed. Arguments: MINUTES [SEED]."""

from __future__ import annotations

import logging
import random
import sys
import tempfile
import traceback
from pathlib import Path

from tests.broken_off import end_within, ended
from tests.chaos import database as databases
from tests.chaos.run import chaos

MOST_SECONDS_BESIDE = 420
"""What starting, settling, comparing and ending may take; once there is an outcome nothing breaks that off."""
SHOWN = 5
NO_FIGURES = "chaos: FAIL acked=? kills=? resting=? lost=? doubled=? overfilled=? verify=?"


def main(arguments: list[str]) -> int:
    """0 when it passed."""
    minutes, seed = float(arguments[0]), int(arguments[1]) if len(arguments) > 1 else random.randrange(10_000)
    logging.disable(logging.CRITICAL)
    end_within(minutes * 60 + MOST_SECONDS_BESIDE)
    print(f"chaos: {minutes:g} minutes, seed {seed}", flush=True)
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            databases.running(Path(folder), random.Random(seed)) as database,
        ):
            outcome = chaos(minutes, seed, database, done=ended)
    except (Exception, KeyboardInterrupt):
        traceback.print_exc(file=sys.stdout)
        print(NO_FIGURES)
        return 1
    print(*outcome.table, sep="\n")
    for found in (outcome.lost, outcome.doubled, outcome.overfilled, outcome.unbalanced, outcome.odd):
        print(*found[:SHOWN], sep="\n", end="\n" if found else "")
    if outcome.untried:
        print(f"never happened: {', '.join(outcome.untried)}")
    if outcome.verify != "clean":
        print(f"verify: {outcome.verify}")
    print(outcome.line())
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
