"""A Chromium of its own, spoken to in the DevTools protocol over a pipe: JSON texts, each ended by a zero byte."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
ARGUMENTS = (
    *("--headless=new", "--remote-debugging-pipe", "--window-size=1440,900", "--hide-scrollbars", "--disable-gpu"),
    *("--no-first-run", "--no-default-browser-check", "--no-proxy-server", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-breakpad"),
)
# Chromium reads at descriptor 3 and writes at 4. They are put there behind the fork, where nothing else has them.
_LAUNCH = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)
_ABOVE = 10
_END_SECONDS = 3.0
_ANSWER_SECONDS = 10.0

Message = dict[str, Any]


class NoBrowser(Exception):
    """There is no browser, or it does not work. The message is a sentence for the user."""


class NoAnswer(NoBrowser):
    """The browser did not answer in time."""


def found() -> str | None:
    """Returns the path of this machine's Chromium or Chrome; None when there is none."""
    named = next((path for name in NAMES if (path := shutil.which(name))), None)
    return named or (MAC if os.access(MAC, os.X_OK) else None)


class Chromium:
    """One browser process with a profile of its own. As a context manager it always ends both.

    events: messages that are no answers, oldest first; the reader takes them out.
    """

    def __init__(self, path: str, deadline: float) -> None:
        """`deadline` is a time of the monotonic clock. No answer is waited for beyond it."""
        self.events: list[Message] = []
        self._deadline = deadline
        self._number = 0
        self._unread = b""
        self._profile = tempfile.mkdtemp(prefix="spark-page-")
        self._log = Path(self._profile, "browser.log")
        theirs_in, self._to = (_moved(each) for each in os.pipe())
        self._from, theirs_out = (_moved(each) for each in os.pipe())
        # Root can't use Chromium's sandbox. Only then it is left out.
        root = ("--no-sandbox",) if os.geteuid() == 0 else ()
        command = [path, *ARGUMENTS, *root, f"--user-data-dir={self._profile}/profile", "about:blank"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  the path is a program that was found by name
                [sys.executable, "-c", _LAUNCH, str(theirs_in), str(theirs_out), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(theirs_in, theirs_out),
                start_new_session=True,
            )
        os.close(theirs_in)
        os.close(theirs_out)

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            self._send("Browser.close", {}, None)
            self._process.wait(_END_SECONDS)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        os.close(self._to)
        os.close(self._from)
        shutil.rmtree(self._profile, ignore_errors=True)

    def ask(self, method: str, session: str | None = None, **parameters: object) -> Message:
        """Returns the browser's answer. Raises `NoAnswer` when none comes in time, `NoBrowser` for an error."""
        until = min(self._deadline, time.monotonic() + _ANSWER_SECONDS)
        try:
            number = self._send(method, parameters, session)
        except OSError as error:
            raise NoBrowser(self._last_words("the browser ended")) from error
        answer: Message | None = None
        while answer is None:
            # Events may come in one piece with the answer, before and behind it.
            for message in self._read(until):
                if message.get("id") == number:
                    answer = message
                else:
                    self.events.append(message)
        if "error" in answer:
            raise NoBrowser(f"the browser refused {method}: {answer['error'].get('message')}")
        return dict(answer["result"])

    def wait(self, seconds: float) -> None:
        """Collects events for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.events += self._read(end, patient=True)

    def _send(self, method: str, parameters: Message, session: str | None) -> int:
        self._number += 1
        message: Message = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        unsent = json.dumps(message).encode() + b"\0"
        while unsent:
            unsent = unsent[os.write(self._to, unsent) :]
        return self._number

    def _read(self, until: float, *, patient: bool = False) -> list[Message]:
        """Returns the messages that came, after the first or at `until`. Unless patient, none is `NoBrowser`."""
        ready, _, _ = select.select([self._from], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            if patient:
                return []
            raise NoAnswer(self._last_words("the browser gave no answer in time"))
        read = os.read(self._from, 1 << 20)
        if not read:
            raise NoBrowser(self._last_words("the browser ended"))
        *whole, self._unread = (self._unread + read).split(b"\0")
        return [json.loads(each) for each in whole]

    def _last_words(self, trouble: str) -> str:
        """Returns `trouble` with the last line that the browser wrote, if there is one."""
        lines = [line for line in self._log.read_text("utf-8", "replace").splitlines() if line.strip()]
        return f"{trouble}; it said: {lines[-1].strip()}" if lines else trouble


def _moved(descriptor: int) -> int:
    """Returns a copy of a descriptor above those that the browser uses, and closes the original."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _ABOVE)
    os.close(descriptor)
    return moved
