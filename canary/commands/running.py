"""The canary that runs on this machine, asked by a command."""

from __future__ import annotations

import sys
from typing import TypeVar

from common import wire
from common.client import JsonClient
from common.errors import Unavailable

_SECONDS = 5.0

T = TypeVar("T", bound=wire.Message)


def asked(port: int, path: str, form: type[T]) -> T | None:
    """Returns the answer of the canary on `port` to GET `path`; None without one, and prints why to standard error."""
    try:
        return JsonClient(f"http://127.0.0.1:{port}", _SECONDS).get(path, form)
    except Unavailable as error:
        print(error.message, file=sys.stderr)
        return None
