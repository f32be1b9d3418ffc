"""A package of the same content and key has the same bytes: in any time zone, locale and Python that is here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from canary.sealing import sealed_package
from tests.canary.keys import signer
from tests.canary.packages import LINK, draft

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from canary.sealing import sealed_package
from tests.canary.keys import signer
from tests.canary.packages import LINK, draft
sys.stdout.buffer.write(sealed_package(draft(), LINK, signer())[0])
"""
WHERE = {
    "here": {},
    "another zone": {"TZ": "Asia/Kathmandu"},
    "another locale": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONUTF8": "0"},
    "no locale": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
    "another hash": {"PYTHONHASHSEED": "4"},
}


def has_all(python: str) -> bool:
    """True for a Python that is installed with all that a package needs."""
    needs = "import cryptography, flask, hypothesis, msgspec, prometheus_client, securesystemslib"
    try:
        return subprocess.run([python, "-c", needs], cwd=ROOT, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


PYTHONS = [sys.executable, *(one for one in ("python3.11", "python3.12", "python3.13", "python3.14") if has_all(one))]


@pytest.mark.parametrize("python", PYTHONS, ids=str)
@pytest.mark.parametrize("where", WHERE)
def test_the_same_content_and_key_give_the_same_bytes(where: str, python: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **WHERE[where]}
    told = subprocess.run([python, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, check=True)
    assert told.stdout == sealed_package(draft(), LINK, signer())[0]
