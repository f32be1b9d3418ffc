"""`make soak MINUTES=30`: the soak and its figures; the last line says if it passed. Arguments: MINUTES [SEED]."""

from __future__ import annotations

import logging
import random
import sys
import traceback

from tests.broken_off import end_within, ended
from tests.soak.run import soak

MOST_SECONDS_AFTER = 78
"""What is left of a minute and a half ends the processes; once there is an outcome nothing breaks that off."""
NO_FIGURES = "soak: FAIL faults=? resyncs=? wrong_books=? dials_max_60s=? rss_growth_pct=? threads_growth=?"


def main(arguments: list[str]) -> int:
    """0 when it passed."""
    minutes, seed = float(arguments[0]), int(arguments[1]) if len(arguments) > 1 else random.randrange(10_000)
    logging.disable(logging.CRITICAL)
    end_within(minutes * 60 + MOST_SECONDS_AFTER)
    print(f"soak: {minutes:g} minutes, seed {seed}", flush=True)
    try:
        outcome = soak(minutes, seed, done=ended)
    except (Exception, KeyboardInterrupt):
        traceback.print_exc(file=sys.stdout)
        print(NO_FIGURES)
        return 1
    print(*outcome.table, sep="\n")
    print(f"{outcome.looks} looks at books, {outcome.stale} of them said that they were stale")
    print(f"{outcome.healthy} looks at books that no fault had touched, {outcome.healthy_stale} of them stale")
    for text in (*outcome.wrong[:3], *outcome.late[:10], *outcome.lacking[:3]):
        print(text)
    print(outcome.line())
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
