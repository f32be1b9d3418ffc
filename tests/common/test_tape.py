"""The format of a tape: whole blocks are believed, and nothing else."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.tape import VERSION, Taped, TapeError, TapeFile, TapeHead, TapeRecord, head_bytes, record_bytes
from marketdata.tape.blocks import packed

HEAD = TapeHead(VERSION, "0.1.0", "simulated", 1_790_000_000.0, settings={"SPARK_BTCTURK_PAIRS": "BTCTRY"})


def frames(number: int, *payloads: bytes) -> Taped:
    sizes = tuple(map(len, payloads))
    return Taped(TapeRecord("in", "socket", float(number), 1_790_000_000.0 + number, sizes), payloads)


def blocks_of(*blocks: list[Taped]) -> list[bytes]:
    """The blocks of a tape; the first one begins with the head."""
    contents = [b"".join(record_bytes(each.record, each.payloads) for each in block) for block in blocks]
    return [packed((b"" if number else head_bytes(HEAD)) + content) for number, content in enumerate(contents)]


def written(folder: Path, content: bytes) -> TapeFile:
    path = folder / "one.tape.gz"
    path.write_bytes(content)
    return TapeFile(path)


@given(payloads=st.lists(st.binary(max_size=300), max_size=5))
def test_any_bytes_come_back_as_they_went(tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes]) -> None:
    taped = [frames(1, *payloads), frames(2, b'[1,{"a":"\n"}]')]
    tape = written(tmp_path_factory.mktemp("tape"), b"".join(blocks_of(taped)))
    assert tape.head == HEAD
    assert list(tape.records()) == taped
    assert tape.damage == ""


def test_any_gzip_program_reads_a_tape(tmp_path: Path) -> None:
    content = b"".join(blocks_of([frames(1, b"one")], [frames(2, b"two")]))
    written(tmp_path, content)
    lines = gzip.decompress(content).splitlines()
    assert lines[2] == b"one"
    assert lines[4] == b"two"
    assert len(lines) == 5


def test_a_tail_that_is_cut_off_anywhere_costs_the_last_block_alone(tmp_path: Path) -> None:
    first, second = blocks_of([frames(1, b"one" * 50)], [frames(2, b"two" * 50), frames(3, b"three")])
    for end in range(len(second)):
        tape = written(tmp_path, first + second[:end])
        assert list(tape.records()) == [frames(1, b"one" * 50)]
        assert (f"at byte {len(first)} is damaged or cut off" in tape.damage) is (end > 0), end


def test_a_changed_byte_is_found_wherever_it_is(tmp_path: Path) -> None:
    first, second = blocks_of([frames(1, b"one")], [frames(2, b"two" * 50)])
    for place in range(10, len(second)):  # the bytes before have no checksum, and nothing of ours
        changed = bytearray(second)
        changed[place] ^= 0x55
        tape = written(tmp_path, first + bytes(changed))
        assert list(tape.records()) == [frames(1, b"one")], place
        assert tape.damage, place


def test_a_block_that_is_no_list_of_records_ends_the_reading(tmp_path: Path) -> None:
    (whole,) = blocks_of([frames(1, b"one")])
    short = record_bytes(TapeRecord("in", "socket", 1.0, 2.0, (50,)), [b"too short"])
    negative = record_bytes(TapeRecord("in", "socket", 1.0, 2.0, (-3,)), [b"two"])
    for content in (b"nonsense\n", b"{}\n", b'{"kind":"else"}\n', short, negative, b"\xff\xfe\n", b"no end of a line"):
        tape = written(tmp_path, whole + packed(content))
        assert list(tape.records()) == [frames(1, b"one")]
        assert "something else than records" in tape.damage


def test_a_block_that_unpacks_without_end_is_not_unpacked(tmp_path: Path) -> None:
    (whole,) = blocks_of([frames(1, b"one")])
    tape = written(tmp_path, whole + gzip.compress(bytes(80 * 2**20)))
    assert list(tape.records()) == [frames(1, b"one")]
    assert "too large" in tape.damage


def test_a_file_that_is_no_tape_is_refused(tmp_path: Path) -> None:
    newer = packed(head_bytes(TapeHead(VERSION + 1, "9.0.0", "live", 1.0)))
    for content in (b"", b"text", gzip.compress(b""), gzip.compress(b"text\n"), gzip.compress(b"{}\n"), newer):
        with pytest.raises(TapeError, match=r"one\.tape\.gz is"):
            written(tmp_path, content)
    with pytest.raises(FileNotFoundError):
        TapeFile(tmp_path / "none.tape.gz")


@pytest.mark.parametrize(
    "record",
    [
        b'{"kind":"in","link":"socket","at":1.0,"unix":1e300}',
        b'{"kind":"in","link":"socket","at":1.0,"unix":-62135596801.0}',
        b'{"kind":"in","link":"socket","at":1e300,"unix":1.0}',
        b'{"kind":"in","link":"socket","at":1.0,"unix":1.0,"more":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    ],
    ids=["far away", "before Christ", "no clock's", "deep"],
)
def test_a_record_of_no_time_is_damage_and_what_stands_before_it_is_read(tmp_path: Path, record: bytes) -> None:
    tape = written(tmp_path, blocks_of([frames(1, b"one")])[0] + packed(record + b"\n"))
    assert list(tape.records()) == [frames(1, b"one")]
    assert "something else than records" in tape.damage


@pytest.mark.parametrize("began", [b"1e300", b"-1e300", b"[" * 50_000])
def test_a_head_of_no_time_is_no_tape(tmp_path: Path, began: bytes) -> None:
    with pytest.raises(TapeError, match="is no tape"):
        written(tmp_path, packed(b'{"tape":1,"spark":"0","market":"live","began":' + began + b"}\n"))
