"""The browser of the tests hears nothing of containers' interfaces, and so breaks off no request because of them."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from tests.chromium import SOCKET_CALL

TRY = """
import socket
from tests.chromium import SOCKET_CALL, refuse_netlink
socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()
refuse_netlink(SOCKET_CALL[__import__("platform").machine()])
socket.socket().close()
try:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
except OSError as error:
    print(type(error).__name__, error.errno)
"""


@pytest.mark.skipif(platform.machine() not in SOCKET_CALL, reason="no filter is known for this processor")
def test_netlink_alone_is_refused() -> None:
    done = subprocess.run([sys.executable, "-c", TRY], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("OSError 97\n", "")
