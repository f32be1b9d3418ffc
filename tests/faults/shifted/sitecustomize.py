"""Shifts the wall clock of the Python programs of one container by the seconds in a file, as long as that is there.

A container has its host's wall clock, and that may not be moved: other programs use it. Python imports this module at
its start where its folder is in PYTHONPATH. `CLOCK_OFF_FILE` names the file.
"""

from __future__ import annotations

import os
import time

_file = os.environ["CLOCK_OFF_FILE"]
_own = time.time


def _shifted() -> float:
    try:
        with open(_file) as off:
            return _own() + float(off.read())
    except (OSError, ValueError):
        return _own()


time.time = _shifted
