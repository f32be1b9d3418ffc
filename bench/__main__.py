"""`make bench`: measures, prints a table, writes bench/results.json."""

from __future__ import annotations

import sys
from pathlib import Path

from bench import rows, stack_rows

RESULTS = Path(__file__).parent / "results.json"


def main() -> int:
    """Runs every measurement; the results of a run that failed half-way are not written."""
    measured = stack_rows.measure()
    print(rows.table(measured))
    rows.write(measured, RESULTS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
