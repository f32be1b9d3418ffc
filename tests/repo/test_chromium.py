"""The browser of the tests hears nothing of containers' interfaces, and so breaks off no request because of them."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests import chromium

BROWSER = f"""#!{sys.executable}
import socket, sys
socket.socket().close()
try:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
except OSError as error:
    print(error.errno, sys.argv[1:])
"""


def start(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs it where the folder's programs are the only ones."""
    command = [sys.executable, chromium.__file__, *arguments]
    environment = os.environ | {"PATH": str(folder)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.skipif(platform.machine() not in chromium.SOCKET_CALL, reason="no filter is known for this processor")
def test_the_browser_gets_its_arguments_and_no_netlink(tmp_path: Path) -> None:
    program = tmp_path / "chromium"
    program.write_text(BROWSER)
    program.chmod(0o700)
    done = start(tmp_path, "--one", "two")
    assert (done.stdout, done.stderr) == ("97 ['--one', 'two']\n", "")


def test_a_machine_without_a_browser_is_told_so(tmp_path: Path) -> None:
    done = start(tmp_path)
    assert (done.returncode, done.stderr) == (
        1,
        "no Chromium here: looked for chromium, chromium-browser, google-chrome\n",
    )
