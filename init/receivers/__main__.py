"""Writes Alertmanager's configuration out of the settings, then ends.

With `secret NAME` it takes the secret of a receiver, or the address of the outside heartbeat, from standard input
instead. The standard library is enough for it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

from init.make_secrets import write
from init.receivers import render, secrets
from init.receivers.names import SECRETS
from init.receivers.settings import Settings, SettingsError

BASE = Path(__file__).parents[2] / "alertmanager" / "alertmanager.yml"
FOLDER = Path("/alertmanager-config")
"""The folder of the rendered files, which Alertmanager mounts read-only."""


def say(text: str, where: TextIO | None = None) -> None:
    """Prints one line, by default on standard output."""
    print(text, file=where, flush=True)


def write_configuration(folder: Path = FOLDER, secrets_in: Path = secrets.FOLDER) -> int:
    """Renders the configuration; returns the exit code. With a wrong setting nothing is written."""
    try:
        settings = Settings.from_environment(secrets_in=secrets_in)
    except SettingsError as error:
        for fault in str(error).splitlines():
            say(f"a setting is wrong: {fault}", sys.stderr)
        return 1
    changed = render.write(folder, BASE.read_text(encoding="utf-8"), settings)
    told = ", ".join(settings.on) or "the console alone"
    say(f"{'wrote' if changed else 'kept'} alertmanager's configuration: {told}")
    return 0


def take_secret(name: str, given: str, folder: Path | None = None) -> int:
    """Writes a secret that people give, into its own folder where none is named.

    Returns the exit code, 1 when it can't be right. The old one then stays.
    """
    kind = next((each for each in SECRETS if each == name), None)
    if kind is None:
        say(f"there is no receiver {name!r}: must be one of {', '.join(SECRETS)}", sys.stderr)
        return 1
    secret = given.strip()
    if not secrets.is_right(kind, secret):
        say(f"the secret of {kind} must be {secrets.FORMS[kind][1]}", sys.stderr)
        return 1
    write((folder or secrets.folder_of(kind)) / kind, secret)
    say(f"replaced the secret of {kind}")
    return 0


def main(arguments: list[str]) -> int:
    """Runs one command; returns its exit code."""
    if arguments[:1] == ["secret"]:
        return take_secret(arguments[1] if len(arguments) > 1 else "", sys.stdin.read(secrets.LONGEST + 2))
    return write_configuration()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
