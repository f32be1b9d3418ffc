"""A package is read in the one form that its files always give, and in no other that some program would read too."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.archive import MOST_FILES, NotCanonicalError, files_of, zip_of
from tests.canary.mutation import mutants

ROOT = Path(__file__).parents[2]
FILES = {
    "report.json": b'{"verdict": "PASS"}',
    "samples.json": b"[]",
    "empty.txt": b"",
    "a.md": b"PK\x01\x02PK\x05\x06" * 9,
}
WHOLE = zip_of(FILES)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True)
contents = st.dictionaries(names, st.binary(max_size=60), max_size=6)


def zipped(*entries: tuple[str, bytes], archive_comment: bytes = b"", **changed: object) -> bytes:
    """A zip as Python writes it, whose entries are as ours but for what is changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in entries or sorted(FILES.items()):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100444 << 16
            for field, value in changed.items():
                setattr(entry, field, value)
            archive.writestr(entry, content)
        archive.comment = archive_comment
    return target.getvalue()


def patched(mark: bytes, offset: int, new: bytes) -> bytes:
    """The package with other bytes at a place counted from the last such mark before the end of the directory."""
    place = WHOLE.rindex(mark) + offset
    return WHOLE[:place] + new + WHOLE[place + len(new) :]


def hidden(gap: bytes) -> bytes:
    """The package with something between its files and its directory, which no directory mentions."""
    end = len(WHOLE) - 22
    start = struct.unpack_from("<I", WHOLE, end + 16)[0]
    moved = WHOLE[: end + 16] + struct.pack("<I", start + len(gap)) + WHOLE[end + 20 :]
    return moved[:start] + gap + moved[start:]


def bomb() -> bytes:
    """A few bytes that make some programs ask for 2 GiB: two names on one offset, of a size that isn't there."""
    head = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 0, 0, 33, 0, 0x7FFFFFFE, 0x7FFFFFFE, 1, 0) + b"a"
    entry = struct.pack("<4sHHHHHHIII", b"PK\x01\x02", 788, 20, 0, 0, 0, 33, 0, 0x7FFFFFFE, 0x7FFFFFFE)
    entries = b"".join(entry + struct.pack("<HHHHHII", 1, 0, 0, 0, 0, 0, 0) + name for name in (b"a", b"b"))
    return head + entries + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 2, 2, len(entries), len(head), 0)


NO_NAMES = ("../report.json", "/etc/passwd", "a//b", "folder/", "über.json", "-rf", ".hidden", "a" * 101, "a\nb")
MUTANTS: dict[str, tuple[bytes, str]] = {
    "bytes before": (b"#!/bin/sh\n" + WHOLE, "bytes stand before it"),
    "bytes after": (WHOLE + b"\0", "bytes or a comment follow"),
    "a comment": (zipped(archive_comment=b"all is well"), "bytes or a comment follow"),
    "two joined": (WHOLE + WHOLE, "another than in every package|has no"),
    "cut": (WHOLE[:-1], "it was cut off"),
    "nothing": (b"", "does not begin with a file of a zip"),
    "no zip": (b"PK\x03\x04", "it was cut off"),
    "a comment of a file": (zipped(comment=b"fine"), "the lengths is another"),
    "an extra field": (zipped(extra=b"\x01\x00\x00\x00"), "in the head of a.md"),
    "a unicode path": (zipped(extra=b"\x75\x70\x05\x00\x01\x00\x00\x00\x00"), "in the head of a.md"),
    "a symlink": (zipped(external_attr=0o120777 << 16), "entry of a.md the attributes"),
    "setuid": (zipped(external_attr=0o104755 << 16), "entry of a.md the attributes"),
    "a folder's mode": (zipped(external_attr=0o040755 << 16 | 0x10), "entry of a.md the attributes"),
    "another system": (zipped(create_system=0), "entry of a.md the system"),
    "another date": (zipped(date_time=(1981, 1, 1, 0, 0, 0)), "head of a.md the time"),
    "compressed": (zipped(compress_type=zipfile.ZIP_DEFLATED), "a.md is compressed"),
    "another order": (zipped(*sorted(FILES.items(), reverse=True)), "head of a.md the"),
    "encrypted": (patched(b"PK\x01\x02", 8, b"\x01"), "entry of samples.json the flags"),
    "reserved flags": (patched(b"PK\x01\x02", 8, b"\x00\x80"), "entry of samples.json the flags"),
    "another version": (patched(b"PK\x01\x02", 6, b"\x2d"), "entry of samples.json the version"),
    "another disk": (patched(b"PK\x05\x06", 4, b"\x01"), "end the disk"),
    "another count": (patched(b"PK\x05\x06", 8, b"\x03\x00"), "end the counts"),
    "fewer files": (patched(b"PK\x05\x06", 8, b"\x03\x00\x03\x00"), "is another"),
    "more files": (patched(b"PK\x05\x06", 8, b"\x05\x00\x05\x00"), "has no 5 files"),
    "65,535 files": (patched(b"PK\x05\x06", 8, b"\xff\xff\xff\xff"), f"a package has {MOST_FILES} at most"),
    "a wrong checksum": (patched(b"PK\x01\x02", 16, b"\0\0\0\0"), "entry of samples.json the checksum"),
    "a gap": (hidden(b"\0\0\0\0"), "is another"),
    "a hidden file": (hidden(zipped(("more.txt", b"hidden"))[:44]), "is another"),
    "a bomb": (bomb(), "more than the package has for it"),
    "overlapping files": (bomb().replace(b"\xfe\xff\xff\x7f", b"\x04\0\0\0"), "is another"),
    "a name twice": (bomb().replace(b"b", b"a").replace(b"\xfe\xff\xff\x7f", b"\0\0\0\0"), "a comes twice"),
    **{f"the name {name!r}": (zipped((name, b"")), "is no name of a file in a package") for name in NO_NAMES},
}


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_another_form_of_the_same_files_is_refused_and_the_fault_named(mutant: str) -> None:
    content, problem = MUTANTS[mutant]
    with pytest.raises(NotCanonicalError, match=problem):
        files_of(content)


def test_a_name_that_is_cut_at_a_nul_is_refused() -> None:
    with pytest.raises(NotCanonicalError, match="is no name"):
        files_of(WHOLE.replace(b"report.json", b"repor\0.json"))


@given(contents)
def test_what_was_written_is_read(files: dict[str, bytes]) -> None:
    assert files_of(zip_of(files)) == files


@given(mutants(WHOLE, longest=40))
def test_whatever_is_changed_the_one_form_alone_is_accepted(content: bytes) -> None:
    try:
        files = files_of(content)
    except NotCanonicalError:
        return
    assert zip_of(files) == content


def test_a_small_file_that_claims_to_be_large_takes_no_memory() -> None:
    tracemalloc.start()
    with pytest.raises(NotCanonicalError):
        files_of(bomb())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10**6


WHERE = {
    "here": {},
    "another zone": {"TZ": "Asia/Kathmandu"},
    "another locale": {"LC_ALL": "tr_TR.UTF-8", "PYTHONUTF8": "0"},
    "another hash": {"PYTHONHASHSEED": "4"},
}
PROGRAM = f"import sys; from canary.archive import zip_of; sys.stdout.buffer.write(zip_of({FILES!r}))"


@pytest.mark.parametrize("where", WHERE)
def test_the_bytes_are_the_same_in_another_zone_and_locale(where: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env={**os.environ, **WHERE[where]}, capture_output=True, check=True
    )
    assert told.stdout == WHOLE


def test_it_is_what_everyday_tools_write_and_read() -> None:
    assert zipped() == WHOLE
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
