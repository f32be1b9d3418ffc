"""The ground of a fault: compose blocks are merged, and a container's wall clock can be moved."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.faults import clocks
from tests.faults.ground import merged


def test_blocks_are_merged_down_to_their_values() -> None:
    one = {"services": {"web": {"image": "a", "environment": {"A": "1"}}, "sinks": {"image": "b"}}}
    other = {"services": {"web": {"environment": {"B": "2"}}}, "volumes": {"data": {}}}
    assert merged(one, other) == {
        "services": {"web": {"image": "a", "environment": {"A": "1", "B": "2"}}, "sinks": {"image": "b"}},
        "volumes": {"data": {}},
    }


def test_a_programs_wall_clock_is_off_while_the_file_is_there_and_right_without_it(tmp_path: Path) -> None:
    file = tmp_path / "off"
    program = f"import time; open({str(file)!r}, 'w').write('3600'); first = time.time()\n"
    program += f"import os; os.remove({str(file)!r}); print(first, time.time(), time.monotonic())"
    shifted = Path(clocks.__file__).parent / "shifted"
    environment = {**os.environ, "PYTHONPATH": str(shifted), "CLOCK_OFF_FILE": str(file)}
    before = time.time()
    told = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    ahead, right, _ = map(float, told.stdout.split())
    assert ahead >= before + 3600
    assert before <= right < ahead
