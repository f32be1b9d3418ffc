"""Shows the tapes and cuts spans out of them: `python -m marketdata.tape.cli list`, `cut`, `keep` or `settings`."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from common.files import TEMPORARY_PREFIX
from common.settings import Reader
from common.tape import SUFFIX, TapeError, TapeFile
from marketdata.settings import tapes_folder
from marketdata.tape.folder import TapeSummary, cut, readable, summary, tapes_in

DONE, FAILED, WRONG_USE = 0, 1, 64
REPLAYS = "replay"
"""The folder, beside the tapes, of the files that are replayed."""
_AGO = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SETTING, _VALUE = re.compile(r"SPARK_(?:BTCTURK|BIST)_[A-Z]+"), re.compile(r"[A-Za-z0-9,._-]*")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")


def main(
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    streams: tuple[BinaryIO, BinaryIO] | None = None,
) -> int:
    """Runs one command. Returns 0 when it did its work, 1 when it could not, 64 for a wrong call.

    `streams` are the bytes that come in and go out; the process's own where they are not given.
    """
    parser = argparse.ArgumentParser(prog="tape")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="print every tape: its span, its links, its size")
    cutting = commands.add_parser("cut", help="write a span as one tape to standard output")
    cutting.add_argument("begin", nargs="?", default="", help="2026-11-28T16:20:00Z, or an age such as 15m")
    cutting.add_argument("end", nargs="?", default="", help="the same; now when it is left out")
    commands.add_parser(
        "keep", help="store the tape on standard input for a replay, in the place of the one before"
    ).add_argument("name")
    commands.add_parser("settings", help="print the settings of a stored tape").add_argument("name")
    try:
        chosen = parser.parse_args(arguments)
    except SystemExit as error:
        return WRONG_USE if error.code else DONE
    folder = tapes_folder(Reader(environment))
    taken, given = streams or (sys.stdin.buffer, sys.stdout.buffer)
    try:
        if chosen.command == "list":
            return _list(folder)
        if chosen.command == "cut":
            return _cut(folder, _time(chosen.begin, 0.0), _time(chosen.end, time.time()), given)
        return _keep(folder, chosen.name, taken) if chosen.command == "keep" else _settings(folder, chosen.name)
    except (TapeError, OSError) as error:
        print(error, file=sys.stderr)
        return FAILED
    except ValueError as error:
        print(error, file=sys.stderr)
        return WRONG_USE


def _list(folder: Path) -> int:
    tapes, faults = readable(folder)
    found = [summary(tape) for tape in tapes]
    for line in (*map(_row, found), *faults):
        print(line)
    print(f"{len(found)} tapes, {sum(each.size for each in found) / 2**20:.1f} MiB")
    return DONE


def _row(tape: TapeSummary) -> str:
    times = [_shown(moment) for moment in (tape.first, tape.last)]
    links = ", ".join(f"{link} {count}" for link, count in sorted(tape.records.items()))
    notes = [f"{tape.missing} missing"] if tape.missing else []
    notes += [tape.damage] if tape.damage else []
    size = f"{tape.size / 2**20:.1f} MiB"
    return "  ".join((tape.path.name, f"{times[0]} to {times[1]}", size, links, *notes))


def _shown(moment: float | None) -> str:
    return "-" if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def _cut(folder: Path, begin: float, end: float, out: BinaryIO) -> int:
    done = cut(folder, begin, end, out)
    out.flush()
    print(f"{done.records} records, and {done.lead} before them that lead in", file=sys.stderr)
    for fault in done.unread:
        print(fault, file=sys.stderr)
    for link in done.unopened:
        print(f"{link}: its opening is on no tape, so its books begin when they were asked for again", file=sys.stderr)
    return DONE


def _keep(folder: Path, name: str, taken: BinaryIO) -> int:
    path = _stored(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(TEMPORARY_PREFIX + name)
    try:
        with partial.open("wb") as file:
            shutil.copyfileobj(taken, file)
        TapeFile(partial)
        partial.rename(path)
        for other in tapes_in(path.parent):
            if other != path:
                other.unlink()
    finally:
        partial.unlink(missing_ok=True)
    print(path)
    return DONE


def _settings(folder: Path, name: str) -> int:
    head = TapeFile(_stored(folder, name)).head
    for variable, value in head.settings.items():
        if _SETTING.fullmatch(variable) and _VALUE.fullmatch(value):  # the file may be a stranger's
            print(f"{variable}={value}")
    print(f"SPARK_REPLAY_FROM={head.began}")
    return DONE


def _stored(folder: Path, name: str) -> Path:
    if not _NAME.fullmatch(name) or not name.endswith(SUFFIX):
        raise ValueError(f"{name}: must be a file's name of letters, digits, dots and dashes that ends in {SUFFIX}")
    return folder / REPLAYS / name


def _time(text: str, default: float) -> float:
    """Returns unix seconds. Raises `ValueError` for a text that is no time and no age."""
    if not text:
        return default
    if found := _AGO.fullmatch(text):
        return time.time() - int(found[1]) * _UNITS[found[2]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text}: must be a time such as 2026-11-28T16:20:00Z (UTC), or an age such as 15m") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
