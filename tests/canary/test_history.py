"""The history's rows: what is kept of a round, for how long, and how large the file gets."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from canary.history import tables, writes
from canary.history.entries import (
    DAY,
    HOUR,
    LONGEST_NAME,
    MOST_REASONS,
    MOST_SERVICES,
    RoundEntry,
    entry_of,
    microseconds,
)
from canary.history.store import MOST_BYTES, HistoryFile
from canary.observation import Observation
from canary.verdict import judge
from tests.canary.build import LIMITS, check, container, observation
from tests.canary.histories import START, after, entry, filled, hours, opened, runs

MEBIBYTE = 2**20


def kept_of(seen: Observation) -> RoundEntry:
    return entry_of(seen, judge(seen, LIMITS))


def test_a_history_begins_with_its_first_round(tmp_path: Path) -> None:
    file = HistoryFile(tmp_path)
    assert runs(file) == ()
    file.write(entry(), 90)
    (first,) = runs(file)
    assert (first.at, first.verdict, first.changed, first.was) == (START, "PASS", True, None)
    assert (first.p95_seconds, first.samples, first.reasons) == (0.01, 40, ())


def test_a_change_of_the_verdict_is_told_with_the_one_before_although_the_process_is_another(tmp_path: Path) -> None:
    filled(tmp_path, entry(), entry(after(seconds=15)))
    file = filled(tmp_path, entry(after(seconds=30), "FAIL"), entry(after(seconds=45), "FAIL"))
    assert [(one.verdict, one.changed, one.was) for one in runs(file)] == [
        ("FAIL", False, None),
        ("FAIL", True, "PASS"),
        ("PASS", False, None),
        ("PASS", True, None),
    ]
    assert [one.verdict for one in runs(file, changed=True)] == ["FAIL", "PASS"]
    assert [one.verdict for one in runs(file, verdict="PASS")] == ["PASS", "PASS"]


def test_a_change_keeps_eight_reasons_and_any_other_round_three_and_each_is_bounded() -> None:
    checks = tuple(msgspec.structs.replace(check(status=500), target=f"t{number:02}") for number in range(30))
    kept = kept_of(observation(checks=checks))
    assert len(kept.reasons) == MOST_REASONS
    assert kept.reasons_in_all >= 30
    long = entry_of(observation(own={"evidence": "ş" * 400}), judge(observation(own={"evidence": "ş" * 400}), LIMITS))
    assert all(len(reason.encode()) <= 240 for reason in long.reasons)
    assert long.reasons[0].endswith("…")


def test_left_out_reasons_are_counted(tmp_path: Path) -> None:
    many = tuple(f"reason {number}" for number in range(8))
    failing = [entry(after(seconds=15 * n), "FAIL", reasons=many, reasons_in_all=33) for n in range(2)]
    second, first = runs(filled(tmp_path, *failing))
    assert (first.reasons, first.more_reasons) == (many, 25)
    assert (second.reasons, second.more_reasons) == (many[:3], 30)


def test_an_hour_counts_its_rounds_and_has_the_worst_and_the_median_percentile(tmp_path: Path) -> None:
    file = filled(
        tmp_path,
        entry(after(minutes=1), p95_seconds=0.1),
        entry(after(minutes=2), "FAIL", p95_seconds=0.5),
        entry(after(minutes=3), "INCONCLUSIVE", p95_seconds=None),
        entry(after(minutes=59), p95_seconds=0.2, metrics_bytes={"web": 7000}, restarts={"web": 2}),
        entry(after(minutes=60), p95_seconds=None),
    )
    later, hour = hours(file)
    assert (hour.hour, hour.rounds) == (START, {"PASS": 2, "FAIL": 1, "INCONCLUSIVE": 1})
    assert (hour.p95_worst_seconds, hour.p95_median_seconds) == (0.5, 0.2)
    assert (hour.metrics_bytes, hour.restarts) == ({"web": 7000}, {"web": 2})
    assert (later.hour, later.p95_worst_seconds) == (after(hours=1), None)


def test_rounds_stay_for_48_hours_and_changes_for_a_year(tmp_path: Path) -> None:
    file = filled(tmp_path, entry(), entry(after(seconds=15)), entry(after(hours=47)))
    file.write(entry(after(hours=48, seconds=15)), 90)
    assert [one.at for one in runs(file)] == [after(hours=48, seconds=15), after(hours=47), after(seconds=15), START]
    file.write(entry(after(hours=48, seconds=16)), 90)
    assert after(seconds=15) not in [one.at for one in runs(file)]
    assert runs(file)[-1].at == START
    file.write(entry(after(days=367), "FAIL"), 90)
    assert [one.at for one in runs(file)] == [after(days=367)]
    assert START not in [one.hour for one in hours(file)]


def test_what_is_too_old_goes_in_small_steps(tmp_path: Path) -> None:
    file = filled(tmp_path, entry())
    with opened(tmp_path) as database:
        database.executemany(tables.ADD_RUN, [run_row(microseconds(START) + n) for n in range(120)])
    left = []
    for number in range(4):
        file.write(entry(after(days=3, seconds=number)), 90)
        left.append(len(runs(file)))
    assert left == [1 + 70 + 1, 1 + 20 + 2, 1 + 3, 1 + 4]


def run_row(at: int, changed: int = 0, reasons: str = "[]") -> tuple[object, ...]:
    return (at, "FAIL", changed, "PASS" if changed else None, reasons, 99, 0.123456789, 1000)


def test_more_rounds_than_are_kept_go_although_they_are_young(tmp_path: Path) -> None:
    file = filled(tmp_path, entry())
    with opened(tmp_path) as database:
        database.execute("BEGIN")
        database.executemany(tables.ADD_RUN, [run_row(microseconds(START) + n) for n in range(writes.MOST_ROUNDS + 70)])
        database.execute("COMMIT")
    for number in range(3):
        file.write(entry(after(seconds=number), "FAIL"), 90)
    assert len(runs(file, limit=30_000)) == writes.MOST_ROUNDS + 1


def size_after_a_year(folder: Path, names: list[str], reasons: int, changes: int, rounds: int) -> int:
    """The size of a file with as many rows as are kept, for these services, with reasons as long as they can be."""
    file = filled(folder, entry())
    start = microseconds(START)
    of_round, of_change = (encoded(["r" * 240] * min(reasons, most)) for most in (3, MOST_REASONS))
    hour, day = start // HOUR, start // DAY
    sizes = encoded(dict.fromkeys(names, 123_456))
    hourly = [(hour - n, 240, 0, 0, 0.1, 0.1, sizes, sizes) for n in range(writes.KEEP_HOURS)]
    daily = [(day - n, name, 5760, 5760, 86_400.1, 86_400.1) for n in range(writes.KEEP_DAYS) for name in names]
    with opened(folder) as database:
        database.execute("BEGIN")
        database.executemany(tables.ADD_RUN, [run_row(start, 0, of_round)] * rounds)
        database.executemany(tables.ADD_RUN, [run_row(start, 1, of_change)] * changes)
        database.executemany(tables.PUT_HOUR, hourly)
        database.executemany(tables.ADD_UPTIME, daily)
        database.execute("COMMIT")
    return file.size()


def encoded(value: object) -> str:
    return msgspec.json.encode(value).decode()


def test_the_largest_rows_stay_within_the_stated_size(tmp_path: Path) -> None:
    names = [f"service-{number:02}".ljust(LONGEST_NAME, "x") for number in range(MOST_SERVICES)]
    size = size_after_a_year(tmp_path, names, MOST_REASONS, writes.MOST_CHANGES, writes.MOST_ROUNDS)
    assert 60 * MEBIBYTE < size < 80 * MEBIBYTE < MOST_BYTES
    file = filled(tmp_path, entry(after(seconds=15), "FAIL"))
    assert len(runs(file, limit=10)) == 10


def test_a_year_of_a_healthy_stack_stays_within_the_stated_size(tmp_path: Path) -> None:
    names = [f"service-{number}" for number in range(14)]
    assert size_after_a_year(tmp_path, names, 0, 700, 48 * 360) < 12 * MEBIBYTE


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_jumps_for_one_round_removes_one_step_at_most(tmp_path: Path, days: int) -> None:
    rounds = [entry(after(seconds=15 * number)) for number in range(100)]
    file = filled(tmp_path, *rounds)
    file.write(entry(START + timedelta(days=days)), 90)
    file.write(entry(after(seconds=1600)), 90)
    assert len(runs(file)) >= 100 - writes.STEP
    assert runs(file)[0].at == after(seconds=1600)


def test_restarts_and_sizes_are_kept_by_service() -> None:
    seen = observation(
        checks=(check("web", "metrics", size=31),),
        containers=(container("web", restart_count=2), container("web", name="spark-web-2", restart_count=3)),
    )
    kept = kept_of(seen)
    assert (kept.metrics_bytes, kept.restarts) == ({"web": 31}, {"web": 5})
