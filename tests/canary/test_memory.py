"""The time of the last PASS outlives a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from canary.memory import LastPass
from tests.canary.build import NOW


def test_what_one_process_writes_the_next_one_reads(tmp_path: Path) -> None:
    assert LastPass(tmp_path).read() is None
    LastPass(tmp_path).write(NOW)
    assert LastPass(tmp_path).read() == NOW


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"last_pass":7}', b'{"last_pass":"2026-11-22T12:00:00"}']
)
def test_a_broken_file_is_no_time_and_no_crash(tmp_path: Path, content: bytes) -> None:
    LastPass(tmp_path).write(NOW)
    next(tmp_path.iterdir()).write_bytes(content)
    assert LastPass(tmp_path).read() is None
