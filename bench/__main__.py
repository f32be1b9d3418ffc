"""`make bench`: measures, prints a table, writes bench/results.json. `python -m bench stream`: those rows alone.

`python -m bench orders --against FOLDER` measures the code of another checkout in the same run, too: it is the baseline
of the rows that end with `_to_before`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bench import (
    evidence_rows,
    frame_rows,
    gateway_rows,
    ledger_rows,
    match_rows,
    order_rows,
    resting_rows,
    rows,
    snapshot_rows,
    stack_rows,
    stream_rows,
    symbol_rows,
    takeover_rows,
)

RESULTS = Path(__file__).parent / "results.json"
GROUPS = {
    "stack": stack_rows.measure,
    "gateway": gateway_rows.measure,
    "frames": frame_rows.measure,
    "stream": stream_rows.measure,
    "orders": order_rows.measure,
    "resting": resting_rows.measure,
    "takeover": takeover_rows.measure,
    "snapshot": snapshot_rows.measure,
    "matching": match_rows.measure,
    "ledger": ledger_rows.measure,
    "evidence": evidence_rows.measure,
    "symbols": symbol_rows.measure,
}


def main(names: list[str]) -> int:
    """Runs the measurements named, all by default; the results of a run that failed half-way are not written."""
    command = " ".join([*_lengths(), "python -m bench", *_shown(names)]) if names or _lengths() else rows.EVERYTHING
    if "--against" in names:
        place = names.index("--against")
        order_rows.AGAINST[:] = [Path(folder).resolve() for folder in names[place + 1 : place + 2]]
        names = names[:place] + names[place + 2 :]
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(GROUPS)}", file=sys.stderr)
        return 2
    measured = [row for name, measure in GROUPS.items() if not names or name in names for row in measure()]
    print(rows.table(measured))
    told = rows.by(command, measured)
    rows.write(told if not names else rows.merged(rows.read(RESULTS), told), RESULTS)
    return 0


def _shown(names: list[str]) -> list[str]:
    """Returns the arguments, without the folder of this machine that the other checkout is in."""
    return ["FOLDER" if before == "--against" else name for before, name in zip(["", *names], names, strict=False)]


def _lengths() -> list[str]:
    """Returns the variables that make measurements shorter or longer, as a shell takes them."""
    return [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("BENCH_")]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
