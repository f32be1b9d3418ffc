"""`make soak MINUTES=30`: the soak and its figures; the last line says if it passed. Arguments: MINUTES [SEED]."""

from __future__ import annotations

import logging
import random
import sys

from tests.soak.run import soak


def main(arguments: list[str]) -> int:
    """0 when it passed."""
    minutes, seed = float(arguments[0]), int(arguments[1]) if len(arguments) > 1 else random.randrange(10_000)
    logging.disable(logging.CRITICAL)
    print(f"soak: {minutes:g} minutes, seed {seed}", flush=True)
    outcome = soak(minutes, seed)
    for name, count in sorted(outcome.thrown.items()):
        print(f"  {count:5d}  {name}")
    print(f"  {outcome.looks} looks at books, {outcome.stale} of them said that they were stale")
    for text in (*outcome.wrong[:3], *outcome.late[:10]):
        print(f"  {text}")
    print(outcome.line())
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
