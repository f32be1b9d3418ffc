"""Bars, trades and gaps are on the disk a second later, in whole rows, and trouble with the disk harms no feed."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.clock import SYSTEM_CLOCK
from marketdata.events import Bar
from marketdata.keeping.barfile import BarFile
from marketdata.keeping.keeper import FILE, BarKeeper
from marketdata.state.bars import DAY, MINUTE, MOST_BARS, RESOLUTIONS
from marketdata.state.candles import Series
from marketdata.state.candlestore import CandleStore
from marketdata.state.kept import KeptSeries
from marketdata.state.listing import Listing
from marketdata.state.store import Store
from tests.marketdata.state.series import DAWN, answer, bar, begun, gaps_of, known, latest, tell_days, told, trade

A, B = "BTCTURK:BTCTRY", "BTCTURK:ETHTRY"
NOW = DAWN + 600.0


def _candles(*symbols: str) -> CandleStore:
    return CandleStore(symbols or (A, B), unix=lambda: NOW)


def _store() -> Store:
    listings = [Listing("BTCTURK", pair, "diffs") for pair in ("BTCTRY", "ETHTRY")]
    return Store(listings, market="simulated", stale_after=5.0, clock=SYSTEM_CLOCK)


def _keeper(candles: CandleStore, folder: Path, most_bytes: int = 1 << 28) -> BarKeeper:
    return BarKeeper(candles, folder, unix=lambda: NOW, most_bytes=most_bytes)


def _filled() -> CandleStore:
    candles = _candles()
    candles.replay(A, [trade(1, 10), trade(70, 12), trade(130, 9, 3)])
    candles.replay(B, [trade(1, 500)])
    return candles


def _after_restart(folder: Path) -> tuple[CandleStore, BarKeeper, Store]:
    candles, store = _candles(), _store()
    keeper = _keeper(candles, folder)
    keeper.restore(store)
    return candles, keeper, store


def _content(series: Series) -> KeptSeries:
    """Everything that a series would keep."""
    series.soil()
    changes = series.take(A)
    assert changes is not None
    series.put_back(changes.dirt)
    return changes.now


def _restarted(series: Series, folder: Path) -> Series:
    """The series as the next start has it."""
    changes = series.take(A)
    file = BarFile(folder / FILE)
    if changes is not None:
        file.write([changes])
    file.close()
    again = Series()
    again.restore(dict(file.load([A]))[A])
    return again


def test_after_a_restart_bars_and_trades_are_there_and_the_time_since_is_a_gap(tmp_path: Path) -> None:
    _keeper(_filled(), tmp_path).step()
    candles, _, store = _after_restart(tmp_path)
    before = _filled().chart(A, "1m", 10)
    chart = candles.chart(A, "1m", 10)
    assert [one.close for one in chart.candles] == [one.close for one in before.candles]
    assert [one.complete for one in chart.candles] == [False, True, False]
    gaps = [(gap.start.timestamp() - DAWN, gap.end.timestamp() - DAWN) for gap in chart.gaps]
    assert gaps == [(0, 1), (130, 600)]
    assert [one.trade_id for one in store.trades(A, 9).trades] == ["130000", "70000", "1000"]
    assert store.trades(A, 9).stale
    assert store.quote(A).last is None
    assert candles.latest(B, "1m", 10)[0].close == 500


def test_a_replay_after_the_restart_goes_on_where_the_kept_trades_end(tmp_path: Path) -> None:
    _keeper(_filled(), tmp_path).step()
    candles, _, _ = _after_restart(tmp_path)
    assert candles.replay(A, [trade(70, 12), trade(130, 9, 3), trade(140, 11), trade(200, 1)]) is None
    shown = candles.latest(A, "1m", 3)
    assert [(int(one.volume), one.complete) for one in shown] == [(1, True), (4, True), (1, True)]


def test_a_replay_that_does_not_reach_back_leaves_the_time_between_a_gap(tmp_path: Path) -> None:
    _keeper(_filled(), tmp_path).step()
    candles, _, _ = _after_restart(tmp_path)
    missed = candles.replay(A, [trade(300, 12)])
    assert missed is not None
    assert (missed.last_id, missed.since - DAWN, missed.until - DAWN) == ("130000", 130, 300)


def test_only_the_gap_is_asked_for_after_a_restart(tmp_path: Path) -> None:
    series = known(trade(-6000, 1), trade(70, 12))
    again = _restarted(series, tmp_path)
    wanted = again.wanted("1m", NOW)
    assert wanted is not None
    assert (wanted.since - DAWN, wanted.until) == (60, math.inf)


OPERATIONS: dict[str, Callable[[Series, float], object]] = {
    "trade": lambda series, at: series.add([trade(at, 10 + int(at) % 7)]),
    "pause": lambda series, _at: series.pause(),
    "replay": lambda series, at: series.replay([trade(at, 3)], DAWN + at),
    "begin": lambda series, at: series.begin(DAWN + at, DAWN + at),
    "told": lambda series, at: answer(series, _told_until(at), since=-600, asked_at=at),
    "days": lambda series, at: tell_days(series, [bar(-DAY, 1, 2, 1, 2), bar(0, 1, 2, 1, 2)], at),
    "none": lambda series, at: answer(series, [], since=-600, asked_at=at),
    "many": lambda series, at: series.add(trade(at + number / 1000, 5) for number in range(250)),
}


def _told_until(at: float) -> list[Bar]:
    return [bar(start, 9, 12, 8, 11) for start in range(-600, int(at) // 60 * 60 + 1, 60)]


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(1, 200), st.booleans()), max_size=25))
def test_a_restart_at_any_moment_loses_nothing_that_was_told_and_invents_nothing(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, bool]]
) -> None:
    folder, series, at = tmp_path_factory.mktemp("kept"), Series(), 0.0
    for name, seconds, restart in steps:
        at += seconds
        OPERATIONS[name](series, at)
        if not restart:
            continue
        again, now = _restarted(series, folder), DAWN + at
        before, after = _content(series), _content(again)
        assert (after.bars, after.trades) == (before.bars, before.trades)
        for resolution in RESOLUTIONS:
            theirs = {one.start: one for one in series.chart(resolution, 2_000, now).candles}
            for one in again.chart(resolution, 2_000, now).candles:
                assert not one.complete or one == theirs[one.start]
        wider = [(since, until) for since, until in gaps_of(again, at, 100)]
        assert all(any(a <= since and until <= b for a, b in wider) for since, until in gaps_of(series, at, 100))
        series = again


def test_long_bars_of_minutes_that_were_dropped_outlive_a_restart(tmp_path: Path) -> None:
    series = begun()
    series.add(trade(60 * number, 10 + number % 7) for number in range(3 * MOST_BARS["1m"] // 2))
    again, now = _restarted(series, tmp_path), DAWN + 60.0 * 3 * MOST_BARS["1m"] / 2
    for resolution in ("1h", "1d"):
        before, after = (told(latest(one, resolution, 99, now)) for one in (series, again))
        assert [one[:-1] for one in after] == [one[:-1] for one in before]
        assert [one[-1] for one in after][1:-1] == [True] * (len(after) - 2)


@pytest.mark.slow
def test_the_file_does_not_grow_with_time(tmp_path: Path) -> None:
    candles = _candles(A)
    keeper = _keeper(candles, tmp_path)
    for day in range(4):
        candles.add(A, [trade(day * DAY + MINUTE * number, 10) for number in range(1_440)])
        keeper.step()
    with sqlite3.connect(tmp_path / FILE) as database:
        counts = dict(database.execute("SELECT resolution, count(*) FROM bars GROUP BY resolution"))
        assert all(count <= MOST_BARS[resolution] for resolution, count in counts.items())
        assert database.execute("SELECT count(*) FROM trades").fetchone()[0] == 200


def test_a_symbol_that_is_followed_no_more_is_forgotten_after_a_while(tmp_path: Path) -> None:
    _keeper(_filled(), tmp_path).step()
    for days, kept in ((80, 2), (100, 0)):
        now = NOW + days * DAY
        BarKeeper(_candles("BTCTURK:USDTTRY"), tmp_path, unix=partial(float, now)).restore(_store())
        with sqlite3.connect(tmp_path / FILE) as database:
            assert database.execute("SELECT count(DISTINCT symbol) FROM bars").fetchone()[0] == kept


@pytest.mark.parametrize("damage", ["zeros", "text", "cut", "row", "version", "table", "letters"])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(tmp_path: Path, damage: str) -> None:
    _keeper(_filled(), tmp_path).step()
    path = tmp_path / FILE
    with sqlite3.connect(path) as database:
        if damage == "row":
            database.execute("UPDATE bars SET high = '1' WHERE start = ?", (DAWN + 60,))
        if damage == "letters":
            database.execute("UPDATE bars SET close = CAST(x'ff' AS TEXT)")
        if damage == "version":
            database.execute("PRAGMA user_version = 99")
        if damage == "table":
            database.execute("DROP TABLE trades")
    database.close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    whole = path.read_bytes()
    if damage == "zeros":
        path.write_bytes(whole[:100] + b"\0" * 12_000 + whole[12_100:])
    if damage == "text":
        path.write_text("this is no database" * 500)
    if damage == "cut":
        path.write_bytes(whole[:9_000])
    candles, keeper, _ = _after_restart(tmp_path)
    assert keeper.set_aside == 1
    assert (tmp_path / f"{FILE}.damaged").exists()
    assert candles.latest(A, "1m", 9) == []
    candles.replay(A, [trade(500, 7)])
    keeper.step()
    again, second, _ = _after_restart(tmp_path)
    assert (second.set_aside, [int(one.close) for one in again.latest(A, "1m", 9)]) == (0, [7])


def test_what_was_read_before_a_damaged_row_is_kept_and_goes_into_the_new_file(tmp_path: Path) -> None:
    _keeper(_filled(), tmp_path).step()
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("UPDATE bars SET high = '1' WHERE symbol = ?", (B,))
    database.close()
    candles, keeper, _ = _after_restart(tmp_path)
    assert (keeper.set_aside, len(candles.latest(A, "1m", 9)), candles.latest(B, "1m", 9)) == (1, 3, [])
    keeper.step()
    again, second, _ = _after_restart(tmp_path)
    assert (second.set_aside, len(again.latest(A, "1m", 9))) == (0, 3)


def test_a_file_that_is_damaged_while_it_is_written_is_begun_anew_with_all_that_is_known(tmp_path: Path) -> None:
    candles = _filled()
    keeper = _keeper(candles, tmp_path)
    keeper.step()
    with sqlite3.connect(tmp_path / FILE) as database:
        database.execute("DROP TABLE bars")
    database.close()
    candles.add(A, [trade(200, 20)])
    keeper.step()
    assert (keeper.set_aside, keeper.net.failures) == (1, 1)
    keeper.step()
    again, _, _ = _after_restart(tmp_path)
    assert [one.close for one in again.latest(A, "1m", 9)] == [10, 12, 9, 20]
    assert again.latest(B, "1m", 9)[0].close == 500


def test_a_full_disk_tears_the_net_and_what_was_not_written_is_written_later(tmp_path: Path) -> None:
    candles = _candles()
    full = _keeper(candles, tmp_path, most_bytes=6 * 4_096)
    full.step()
    candles.replay(A, [trade(MINUTE * number, 10) for number in range(1_000)])
    for _ in range(3):
        full.step()
    assert full.net.torn
    assert "full" in full.net.reason
    assert candles.latest(A, "1m", 1)[0].close == 10
    roomy = _keeper(candles, tmp_path)
    roomy.step()
    again, _, _ = _after_restart(tmp_path)
    assert len(again.latest(A, "1m", 2_000)) == 1_000


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    candles, keeper, _ = _after_restart(tmp_path)
    candles.replay(A, [trade(1, 10)])
    for _ in range(3):
        keeper.step()
    assert keeper.net.trouble()
    (tmp_path / FILE).rmdir()
    keeper.step()
    assert keeper.net.trouble() is None
    assert _after_restart(tmp_path)[0].latest(A, "1m", 9)[0].close == 10


def test_without_a_folder_nothing_is_kept_and_nothing_is_wrong(tmp_path: Path) -> None:
    keeper = _keeper(_filled(), tmp_path / "nowhere")
    keeper.restore(_store())
    assert (keeper.on, keeper.net.failures, keeper.set_aside) == (False, 0, 0)


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    keeper = _keeper(_filled(), tmp_path)
    keeper.step()
    rows = keeper.rows
    keeper.step()
    assert keeper.rows == rows > 0
