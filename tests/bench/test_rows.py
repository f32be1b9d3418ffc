"""Rows that are measured alone replace their own and leave the others."""

from __future__ import annotations

from pathlib import Path

from bench.rows import merged, read, row, write
from bench.stream_clients import percentile


def test_a_row_measured_again_takes_its_own_place_and_a_new_one_the_last(tmp_path: Path) -> None:
    kept = [row("one", [1.0], "s"), row("two", [2.0, 4.0, 3.0], "s", [1.5])]
    again, new = row("one", [9.0], "s"), row("three", [3.0], "s")
    write(merged(kept, [new, again]), tmp_path / "results.json")
    assert read(tmp_path / "results.json") == [again, kept[1], new]


def test_a_percentile_is_in_milliseconds_and_the_largest_value_has_none_above() -> None:
    ordered = [number / 1000 for number in range(1, 101)]
    assert (percentile(ordered, 0.5), percentile(ordered, 0.99), percentile([0.25], 0.99)) == (51.0, 100.0, 250.0)
