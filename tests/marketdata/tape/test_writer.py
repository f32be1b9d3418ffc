"""The tape's writer: bounded in memory and on the disk, readable after any end, and never in the way of a feed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from common.clock import SYSTEM_CLOCK, Clock
from common.loop import Stop, Supervisor
from common.tape import VERSION, TapeFile, TapeHead, TapeRecord
from marketdata.tape.folder import tapes_in
from marketdata.tape.taps import SocketTape
from marketdata.tape.writer import TapeLimits, TapeWriter
from tests.marketdata.tape.recording import records
from tests.venue.rig import eventually

ROOT = Path(__file__).parents[3]
LONG = 20.0


def head(began: float) -> TapeHead:
    return TapeHead(VERSION, "test", "simulated", began)


def writer(folder: Path, clock: Clock = SYSTEM_CLOCK, **limits: float) -> TapeWriter:
    return TapeWriter(folder, head, TapeLimits(**limits), clock)  # type: ignore[arg-type]


def noise(number: int, size: int = 1000) -> bytes:
    """Bytes that hardly get smaller."""
    state, out = number + 1, bytearray()
    while len(out) < size:
        state = state * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        out += state.to_bytes(8, "big")
    return bytes(out[:size])


def test_everything_is_on_the_tape_in_order_with_both_clocks(tmp_path: Path) -> None:
    tape = writer(tmp_path / "tapes")
    tap = SocketTape(tape, "one")
    tap.came("opened", 1.0, 101.0, [b""])
    tap.came("frame", 2.0, 102.0, [b"a", b"", b"\x00\n\xff"])
    tap.sent("hello")
    tap.came("heartbeat", 3.0, 103.0, [b""])
    tap.ended("the venue closed with 1000")
    tape.close()
    found = records(tmp_path / "tapes")
    assert [each.record.kind for each in found] == ["opened", "in", "out", "heartbeat", "closed"]
    assert found[1].payloads == (b"a", b"", b"\x00\n\xff")
    assert (found[1].record.at, found[1].record.unix, found[1].record.link) == (2.0, 102.0, "one")
    assert found[2].payloads == (b"hello",)
    assert found[4].record.reason == "the venue closed with 1000"
    assert (tape.counters.written["one"], tape.counters.dropped["one"]) == (7, 0)


def test_a_queue_that_is_full_drops_counts_and_marks_the_hole_where_it_is(tmp_path: Path) -> None:
    tape = writer(tmp_path, queue_bytes=5_000)
    for number in range(20):
        tape.put(TapeRecord("in", "one", float(number), 100.0 + number), [bytes(600)] * 2)
    assert tape.counters.dropped["one"] == 2 * 17
    tape._write()
    tape.put(TapeRecord("in", "one", 50.0, 150.0), [b"after"])
    tape.close()
    found = records(tmp_path)
    assert [each.record.kind for each in found] == ["in", "in", "in", "hole", "in"]
    assert found[3].record.missing == 17
    assert found[4].payloads == (b"after",)
    assert tape.counters.written["one"] == 2 * 3 + 1 + 1


def test_putting_never_waits_for_the_disk(tmp_path: Path) -> None:
    tape = writer(tmp_path, queue_bytes=10_000)
    with tape._writing:  # as if a write took for ever
        for _ in range(100):
            tape.put(TapeRecord("in", "one", 1.0, 1.0), [bytes(1000)])
    assert tape.counters.dropped["one"] > 50


def test_files_are_bounded_by_size_by_age_and_together(tmp_path: Path) -> None:
    now = [1000.0]
    tape = writer(
        tmp_path,
        Clock(lambda: now[0], lambda: 1_790_000_000.0 + now[0]),
        file_bytes=20_000,
        file_seconds=3600.0,
        total_bytes=60_000,
        block_bytes=5_000,
    )
    for number in range(200):
        now[0] += 1.0
        tape.put(TapeRecord("in", "one", now[0], now[0]), [noise(number)])
        tape._write()
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 60_000
        assert tape.disk_bytes() == sum(path.stat().st_size for path in tmp_path.iterdir())
    assert len(tapes_in(tmp_path)) >= 3
    assert max(path.stat().st_size for path in tmp_path.iterdir()) < 20_000 + 6_000
    kept = [each.record.at for each in records(tmp_path)]
    assert kept == list(map(float, range(int(kept[0]), 1201))), "the oldest went, and no other"
    before = len(tapes_in(tmp_path))
    now[0] += 3600.0
    tape.put(TapeRecord("in", "one", now[0], now[0]), [b"an hour later"])
    tape.close()
    last = TapeFile(tapes_in(tmp_path)[-1])
    assert [each.payloads for each in last.records()] == [(b"an hour later",)]
    assert len(tapes_in(tmp_path)) >= before


def test_another_files_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "session.json").write_text("x" * 100_000)
    (tmp_path / "replay").mkdir()
    tape = writer(tmp_path, total_bytes=10_000, file_bytes=2_000)
    for number in range(50):
        tape.put(TapeRecord("in", "one", 1.0, 1.0), [noise(number)])
        tape._write()
    tape.close()
    assert tape.off == ""
    assert len(tapes_in(tmp_path)) >= 3, "also of one instant"
    assert (tmp_path / "session.json").exists()
    assert (tmp_path / "replay").is_dir()


def test_a_folder_that_cannot_be_written_turns_the_tape_off_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "tapes").write_text("a file in the way")
    tape = writer(tmp_path / "tapes")
    tape.put(TapeRecord("in", "one", 1.0, 1.0), [b"a", b"b"])
    tape.loop.run_once()
    tape.put(TapeRecord("in", "one", 2.0, 2.0), [b"c"])
    tape.loop.run_once()
    assert "Error" in tape.off
    assert (tape.counters.errors, tape.counters.dropped["one"], tape.loop.failures) == (1, 3, 0)
    tape.close()


LIMITED = """
import resource, sys
from pathlib import Path
from tests.marketdata.tape.test_writer import noise, writer
from common.tape import TapeRecord
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
tape = writer(Path(sys.argv[1]), block_bytes=4_000)
for number in range(100):
    tape.put(TapeRecord("in", "one", float(number), 1.0), [noise(number)])
    tape.loop.run_once()
tape.close()
print(tape.counters.errors, tape.counters.written["one"], tape.counters.dropped["one"], tape.off)
"""


def test_a_disk_that_fills_up_leaves_a_whole_tape_and_turns_it_off(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    errors, written, dropped, *reason = done.stdout.split()
    assert (int(errors), int(written) + int(dropped)) == (1, 100)
    assert 20 < int(written) < 60
    assert "large" in " ".join(reason)
    (path,) = tapes_in(tmp_path)
    tape = TapeFile(path)
    assert [each.record.at for each in tape.records()] == list(map(float, range(int(written))))
    assert tape.damage == ""


KILLED = """
import sys
from pathlib import Path
from tests.marketdata.tape.test_writer import noise, writer
from common.loop import Stop, Supervisor
from common.tape import TapeRecord
tape, loops = writer(Path(sys.argv[1]), every=0.01), Supervisor(Stop())
loops.add(tape.loop)
loops.start()
number = 0
while True:
    tape.put(TapeRecord("in", "one", float(number), 1.0), [noise(number, 200)])
    number += 1
    if number == 2000:
        print("much", flush=True)
    loops.stop_signal.wait(0.0001)
"""


def test_a_kill_leaves_a_tape_that_is_whole_but_for_its_end(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "much\n"
        eventually(lambda: sum(path.stat().st_size for path in tapes_in(tmp_path)) > 100_000, LONG)
        process.send_signal(signal.SIGKILL)
    kept = [each.record.at for each in records(tmp_path)]
    assert len(kept) > 100
    assert kept == list(map(float, range(len(kept))))


def test_the_loop_writes_by_itself_and_the_stop_writes_the_rest(tmp_path: Path) -> None:
    loops = Supervisor(Stop())
    tape = writer(tmp_path, every=0.02)
    loops.add(tape.loop)
    loops.stop_signal.on_set(tape.close)
    loops.start()
    tape.put(TapeRecord("in", "one", 1.0, 1.0), [b"first"])
    eventually(lambda: tape.counters.written["one"] == 1, LONG)
    tape.put(TapeRecord("in", "one", 2.0, 2.0), [b"last"])
    loops.stop()
    tape.put(TapeRecord("in", "one", 3.0, 3.0), [b"too late"])
    assert [each.payloads for each in records(tmp_path)] == [(b"first",), (b"last",)]
    assert tape.counters.dropped["one"] == 0


@pytest.mark.parametrize("size", [0, 1, 5_000_000])
def test_a_record_of_any_size_is_kept(tmp_path: Path, size: int) -> None:
    tape = writer(tmp_path)
    tape.put(TapeRecord("call", "api", 1.0, 1.0), [b"", bytes(size)])
    tape.close()
    assert records(tmp_path)[0].payloads == (b"", bytes(size))
