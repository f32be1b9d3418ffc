"""The secrets of the receivers and of the outside heartbeat: a file for each, which is read at every message."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from common.settings import is_address
from init.receivers.names import Receiver, Secret

FOLDER = Path("/secrets/receivers")
"""The folder of the files in `init`. Alertmanager has them at `MOUNTED`."""
HEARTBEAT_FOLDER = Path("/secrets/heartbeat")
"""The folder of the outside heartbeat's address, which the console alone mounts."""
MOUNTED = "/run/secrets/spark-receivers"
LONGEST = 4096
FORMS: dict[Secret, tuple[re.Pattern[str], str]] = {
    "email": (re.compile(r"[^\x00-\x1f\x7f]+"), "the mail server's password"),
    "slack": (re.compile(r"https?://[!-z|~]+"), "the address of an incoming webhook, which begins with https://"),
    "pagerduty": (re.compile(r"[A-Za-z0-9]{32}"), "an integration key of 32 letters and digits"),
    "telegram": (re.compile(r"[0-9]+:[A-Za-z0-9_-]+"), "a bot's token, as in 123456:ABC-def"),
    "jira": (re.compile(r"[!-~]{8,}"), "an API key of 8 or more characters"),
    "teams": (re.compile(r"https?://[!-z|~]+"), "the address of a workflow's webhook, which begins with https://"),
    "webhook": (re.compile(r"[!-z|~]+"), "the bearer's token, or the whole address where SPARK_WEBHOOK_URL is empty"),
    "heartbeat": (re.compile(r"[!-?A-~]+"), "the address to ping, which begins with https:// and has no login, ? or #"),
}
"""For each secret its form, and the form in words."""


def folder_of(name: Secret) -> Path:
    """Returns the folder of the secret's file in `init`."""
    return HEARTBEAT_FOLDER if name == "heartbeat" else FOLDER


def is_right(name: Secret, secret: str) -> bool:
    """True when the secret has its form."""
    if len(secret) > LONGEST or FORMS[name][0].fullmatch(secret) is None:
        return False
    return name != "heartbeat" or is_address(secret, ("http", "https"))


def faults(
    receivers: Iterable[Receiver],
    folder: Path,
    *,
    needed: Callable[[Receiver], bool],
    address: Callable[[Receiver], bool],
) -> list[str]:
    """Returns a sentence for each secret that is missing or wrong. No part of a secret is ever in one."""
    found = []
    for receiver in receivers:
        if not needed(receiver):
            continue
        try:
            secret = (folder / receiver).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            secret = ""
        if not secret:
            found.append(f"{receiver} is on and has no secret: run make receiver-secret RECEIVER={receiver}")
        elif not is_right(receiver, secret) or (address(receiver) and not secret.startswith(("http://", "https://"))):
            rule = "the whole address while SPARK_WEBHOOK_URL is empty" if receiver == "webhook" else FORMS[receiver][1]
            found.append(f"the secret of {receiver} is wrong: it must be {rule} (make receiver-secret)")
    return found
