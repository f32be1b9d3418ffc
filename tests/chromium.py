#!/usr/bin/env python3
"""Starts Chromium without an ear for network interfaces that come and go.

Chromium breaks off what it is connecting (`ERR_NETWORK_CHANGED`) whenever an interface appears or goes, and every
container of every test beside it brings one. Linux tells of interfaces by netlink sockets; a browser that can't have
one takes the network as steady. Elsewhere than on Linux, and on other processors, it is started as it is.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import shutil
import socket
import struct
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")
SOCKET_CALL = {"x86_64": 41, "aarch64": 198}
"""The number of the system call `socket`, by processor."""
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD_WORD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL_WITH = 0x7FFF0000, 0x00050000
NUMBER_AT, FAMILY_AT = 0, 16
"""The offsets of the call's number and of its first argument in `struct seccomp_data`, in bytes."""


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def found() -> str | None:
    """Returns the path of this machine's Chromium; None when there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def refuse_netlink(call: int) -> None:
    """Makes netlink sockets fail in this process and in all that it starts. `call` is the number of `socket`."""
    instructions = b"".join(
        struct.pack("HBBI", *one)
        for one in (
            (LOAD_WORD, 0, 0, NUMBER_AT),
            (EQUAL, 0, 3, call),
            (LOAD_WORD, 0, 0, FAMILY_AT),
            (EQUAL, 0, 1, socket.AF_NETLINK),
            (RETURN, 0, 0, FAIL_WITH | errno.EAFNOSUPPORT),
            (RETURN, 0, 0, ALLOW),
        )
    )
    libc = ctypes.CDLL(None, use_errno=True)
    program = ctypes.byref(Program(len(instructions) // 8, instructions))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter of system calls")


def main() -> None:
    path = found()
    if path is None:
        sys.exit(f"no Chromium here: looked for {', '.join(NAMES)}")
    if sys.platform == "linux" and (call := SOCKET_CALL.get(platform.machine())):
        refuse_netlink(call)
    os.execv(path, [path, *sys.argv[1:]])  # noqa: S606  there is no shell to need


if __name__ == "__main__":
    main()
