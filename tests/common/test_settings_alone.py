"""Settings are read with the standard library alone, as in the image of init."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("module", ["common.settings", "init.receivers.__main__"])
def test_settings_need_no_package(module: str) -> None:
    command = [sys.executable, "-S", "-c", f"import {module}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
