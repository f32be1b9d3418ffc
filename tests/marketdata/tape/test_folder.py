"""The tapes of a folder: they are listed, and a span is cut out so that it can be replayed."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from common.tape import VERSION, TapeError, TapeFile, TapeHead, TapeRecord, head_bytes, record_bytes
from marketdata.tape import cli
from marketdata.tape.blocks import packed
from marketdata.tape.folder import CutOut, cut, summary, tapes_in

ROOT = Path(__file__).parents[3]
BEGAN = datetime(2026, 9, 22, 8, 0, tzinfo=UTC).timestamp()
GOOD = {"SPARK_BTCTURK_PAIRS": "BTCTRY,ETHTRY", "SPARK_BIST_SYMBOLS": "none"}
SETTINGS = {**GOOD, "PATH": "/bad", "SPARK_BIST_X": "$(x)"}


def call(second: float, path: str, status: int | None = 200) -> tuple[TapeRecord, tuple[bytes, ...]]:
    answer = f"{path} at {second}".encode()
    record = TapeRecord("call", "api", second, BEGAN + second, (0, len(answer)), "GET", path, second, status)
    return record, (b"", answer)


def event(second: float, kind: str, link: str, *frames: bytes) -> tuple[TapeRecord, tuple[bytes, ...]]:
    return TapeRecord(kind, link, second, BEGAN + second, tuple(map(len, frames))), frames  # type: ignore[arg-type]


def tape(folder: Path, second: float, *content: tuple[TapeRecord, tuple[bytes, ...]]) -> Path:
    """Writes one tape that begins at a second."""
    data = folder / "tapes"
    data.mkdir(exist_ok=True)
    path = data / f"tape-{second:05.0f}.tape.gz"
    head = head_bytes(TapeHead(VERSION, "0.1.0", "live", BEGAN + second, settings=SETTINGS))
    path.write_bytes(packed(head) + b"".join(packed(record_bytes(*each)) for each in content))
    return path


def filled(folder: Path) -> Path:
    """Two tapes. Socket `a` was opened twice; `b` is open since before the first tape; `c` begins late."""
    tape(
        folder,
        0,
        event(0, "in", "b", b"b0"),
        event(1, "opened", "a"),
        call(2, "/info"),
        call(3, "/bars?pair=X&to=1790000000"),
        event(4, "in", "a", b"a4"),
        event(5, "closed", "a"),
        event(6, "opened", "a"),
        event(7, "out", "a", b"join"),
        event(8, "in", "a", b"a8", b"a8+"),
    )
    tape(
        folder,
        10,
        call(11, "/info"),
        call(12, "/info", 503),
        call(13, "/bars?pair=X&to=1790000060"),
        call(14, "/bars?pair=Y&to=1790000060"),
        event(15, "in", "b", b"b15"),
        event(20, "in", "a", b"a20"),
        call(21, "/info"),
        event(22, "opened", "c"),
        event(23, "in", "c", b"c23"),
        event(30, "in", "a", b"a30"),
    )
    return folder / "tapes"


def cut_out(folder: Path, begin: float, end: float) -> tuple[CutOut, TapeFile]:
    out = io.BytesIO()
    done = cut(folder, BEGAN + begin, BEGAN + end, out)
    path = folder.parent / "cut.tape.gz"
    path.write_bytes(out.getvalue())
    return done, TapeFile(path)


def test_a_cut_has_the_span_and_what_led_up_to_it(tmp_path: Path) -> None:
    done, found = cut_out(filled(tmp_path), 20, 23)
    times = [(each.record.link, each.record.at) for each in found.records()]
    lead = [("a", 6.0), ("a", 7.0), ("a", 8.0), ("api", 11.0), ("api", 13.0), ("api", 14.0)]
    assert times == [*lead, ("a", 20.0), ("api", 21.0), ("c", 22.0), ("c", 23.0)]
    assert done == CutOut(records=4, lead=6, unopened=("b",))
    assert (found.head.lead_until, found.head.began, found.head.market) == (BEGAN + 20, BEGAN + 20, "live")
    assert found.head.settings["SPARK_BTCTURK_PAIRS"] == "BTCTRY,ETHTRY"
    assert found.damage == ""


def test_a_cut_of_everything_is_everything(tmp_path: Path) -> None:
    done, found = cut_out(filled(tmp_path), -10, 100)
    assert (done.records, done.lead, done.unopened) == (19, 0, ())
    assert len(list(found.records())) == 19


def test_a_socket_that_was_closed_when_the_span_began_needs_no_lead(tmp_path: Path) -> None:
    _, found = cut_out(filled(tmp_path), 5.5, 8)
    assert [each.record.at for each in found.records() if each.record.link == "a"] == [6.0, 7.0, 8.0]


@pytest.mark.parametrize(("begin", "end"), [(40, 50), (-50, -40), (16, 17), (23, 20)])
def test_a_span_without_a_record_is_refused(tmp_path: Path, begin: float, end: float) -> None:
    with pytest.raises(TapeError, match="no tape has a record of that span"):
        cut(filled(tmp_path), BEGAN + begin, BEGAN + end, io.BytesIO())


def test_a_damaged_tape_gives_what_is_whole(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    (first, _) = tapes_in(folder)
    first.write_bytes(first.read_bytes()[:-3])
    assert "damaged or cut off" in summary(TapeFile(first)).damage
    assert summary(TapeFile(first)).records == {"a": 5, "api": 2, "b": 1}
    _, found = cut_out(folder, -10, 100)
    assert len(list(found.records())) == 18


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08", b"no tape"])
def test_a_file_that_is_no_tape_yet_stops_neither_the_list_nor_a_cut(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = filled(tmp_path)
    (folder / "tape-00005.tape.gz").write_bytes(content)
    done, found = cut_out(folder, -10, 100)
    assert (done.records, len(list(found.records()))) == (19, 19)
    assert [line[:30] for line in done.unread] == ["tape-00005.tape.gz is no tape:"]
    assert run(tmp_path, "list")[0] == 0
    assert "tape-00005.tape.gz is no tape:" in capsys.readouterr().out
    assert run(tmp_path, "cut")[0] == 0
    assert "tape-00005.tape.gz is no tape:" in capsys.readouterr().err


def run(folder: Path, *arguments: str, given: bytes = b"") -> tuple[int, bytes]:
    out = io.BytesIO()
    code = cli.main(arguments, {"SPARK_DATA_DIR": str(folder)}, (io.BytesIO(given), out))
    return code, out.getvalue()


def test_the_command_lists_spans_links_and_sizes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path)
    assert run(tmp_path, "list")[0] == 0
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith("tape-00000.tape.gz  2026-09-22T08:00:00+00:00 to 2026-09-22T08:00:08+00:00")
    assert second.endswith("a 2, api 5, b 1, c 2")
    assert last.startswith("2 tapes, 0.0 MiB")
    assert run(tmp_path / "nothing", "list")[0] == 0
    assert capsys.readouterr().out == "0 tapes, 0.0 MiB\n"


def test_the_command_cuts_keeps_and_tells_the_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filled(tmp_path)
    code, content = run(tmp_path, "cut", "2026-09-22T08:00:20Z", "2026-09-22T11:00:23+03:00")
    assert code == 0
    assert "4 records, and 6 before them" in capsys.readouterr().err
    code, _ = run(tmp_path, "keep", "one.tape.gz", given=content)
    assert (code, capsys.readouterr().out.strip()) == (0, str(tmp_path / "tapes/replay/one.tape.gz"))
    assert len(tapes_in(tmp_path / "tapes")) == 2, "a tape that is kept for a replay is none of ours"
    code, _ = run(tmp_path, "settings", "one.tape.gz")
    told = capsys.readouterr().out.splitlines()
    assert (code, told) == (
        0,
        ["SPARK_BTCTURK_PAIRS=BTCTRY,ETHTRY", "SPARK_BIST_SYMBOLS=none", f"SPARK_REPLAY_FROM={BEGAN + 20}"],
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["cut", "yesterday"], 64),
        (["cut", "5x"], 64),
        (["cut", "2026-09-22T08:00:20Z", "", "more"], 64),
        (["keep", "../out.tape.gz"], 64),
        (["keep", "one.zip"], 64),
        (["nonsense"], 64),
        ([], 64),
        (["settings", "none.tape.gz"], 1),
        (["cut", "10m", "5m"], 1),
        (["--help"], 0),
    ],
)
def test_a_wrong_call_is_told(tmp_path: Path, arguments: list[str], code: int) -> None:
    filled(tmp_path)
    assert run(tmp_path, *arguments)[0] == code


def test_what_is_no_tape_is_not_kept(tmp_path: Path) -> None:
    assert run(tmp_path, "keep", "one.tape.gz", given=b"no tape")[0] == 1
    assert list((tmp_path / "tapes/replay").iterdir()) == []


def test_the_command_writes_bytes_to_a_pipe(tmp_path: Path) -> None:
    filled(tmp_path)
    command = [sys.executable, "-m", "marketdata.tape.cli", "cut"]
    done = subprocess.run(
        command, cwd=ROOT, env={"SPARK_DATA_DIR": str(tmp_path)}, capture_output=True, timeout=60, check=True
    )
    (tmp_path / "cut.tape.gz").write_bytes(done.stdout)
    assert len(list(TapeFile(tmp_path / "cut.tape.gz").records())) == 19
