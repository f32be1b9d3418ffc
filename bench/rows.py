"""What a measurement is, how it is printed and where it is kept."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

EVERYTHING = "make bench"


@dataclass(frozen=True)
class Row:
    """The median of `n` runs and the baseline's median in the same run; `ratio` is value / baseline."""

    name: str
    value: float
    unit: str
    baseline: float | None
    ratio: float | None
    n: int
    command: str


def row(name: str, values: Sequence[float], unit: str, baseline: Sequence[float] = ()) -> Row:
    """Builds a row from raw values; without a baseline the ratio is None."""
    value = statistics.median(values)
    reference = statistics.median(baseline) if baseline else None
    ratio = round(value / reference, 3) if reference else None
    rounded = None if reference is None else round(reference, 4)
    return Row(name, round(value, 4), unit, rounded, ratio, len(values), EVERYTHING)


def by(command: str, rows: Sequence[Row]) -> list[Row]:
    """Returns the rows as measured by a command."""
    return [replace(each, command=command) for each in rows]


def table(rows: Sequence[Row]) -> str:
    """The rows as an aligned text table."""
    cells = [["name", "value", "unit", "baseline", "ratio", "n"]]
    cells += [["-" if cell is None else str(cell) for cell in list(asdict(each).values())[:6]] for each in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(6)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)


def write(rows: Sequence[Row], path: Path) -> None:
    """Keeps the rows as a JSON list."""
    path.write_text(json.dumps([asdict(each) for each in rows], indent=2) + "\n")


def read(path: Path) -> list[Row]:
    """The rows kept."""
    return [Row(**each) for each in json.loads(path.read_text())]


def merged(kept: Sequence[Row], measured: Sequence[Row]) -> list[Row]:
    """The rows kept, each replaced where it was measured again, and those that are new behind them."""
    again = {each.name: each for each in measured}
    known = {each.name for each in kept}
    return [again.get(each.name, each) for each in kept] + [each for each in measured if each.name not in known]
