"""Acts on the running service: `python -m marketdata.cli bist login`, `feed resume BTCTURK`, `symbols list`.

A command that changes something reads the operator's token from a line of standard input. `bist code` reads the code
from a second line. No secret is an argument: other processes see those.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TextIO, TypeVar
from urllib.parse import quote

import msgspec

from common import wire
from common.client import JsonClient
from common.errors import Unavailable
from common.settings import Reader, SettingsError
from marketdata.messages import FollowedSymbols, FollowedVenue

DONE, NOT_DONE, UNREACHABLE, WRONG_USE = 0, 1, 2, 64
DEFAULT_PORT = 5001
CALL_SECONDS = 45.0
"""The broker's calls wait for each other, so one may take long."""
RESUME_SECONDS, LOOK_SECONDS = 15.0, 0.25
"""A feed that was resumed has so long to open its socket before the command says that it has not."""

T = TypeVar("T")


class _Parser(argparse.ArgumentParser):
    """Ends a wrong call with a code of its own."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.print_usage(sys.stderr)
        self.exit(WRONG_USE, f"{self.prog}: {message}\n")


class _Session(msgspec.Struct):
    """The session's state, since when, and why."""

    state: str
    since: str
    reason: str


class _Feed(msgspec.Struct):
    """The feed's name and state, why it is in it, and the state of its socket."""

    venue: str
    state: str
    connection: str
    reason: str | None = None


class _Feeds(msgspec.Struct):
    """The rows of all feeds."""

    feeds: list[_Feed]


class _Error(msgspec.Struct):
    """The part of an error that is shown."""

    message: str


class _Failure(msgspec.Struct):
    """The body of an error answer."""

    error: _Error


class _NoLine(Exception):
    """Standard input has no such line; the message says which one is needed."""


class _NotDone(Exception):
    """The service did not do what was asked; the message says why."""


def main(
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    lines: TextIO | None = None,
) -> int:
    """Runs one command. Returns the exit code.

    It is 0 when the code is on its way, there is a session afterwards, the feed is connected, or the symbols are as
    was asked; 1 when not; 2 when the service does not answer; 64 for a wrong call, wrong settings or a missing line.
    `lines` is standard input by default.
    """
    chosen, lines = _parser().parse_args(arguments), lines or sys.stdin
    reader = Reader(environment)
    port = reader.integer("PORT", DEFAULT_PORT, at_least=1, at_most=65_535)
    try:
        reader.check()
        token = "" if chosen.command in ("status", "list") else _line(lines, "the operator's token")
        client = JsonClient(f"http://127.0.0.1:{port}/v1", CALL_SECONDS, headers={"Authorization": f"Bearer {token}"})
        if chosen.topic == "feed":
            return _resume(client, chosen.venue)
        if chosen.topic == "symbols":
            return _change(client, chosen.command, chosen.symbols)
        return _bist(client, chosen.command, lines)
    except (SettingsError, _NoLine) as error:
        return _failed(str(error), WRONG_USE)
    except Unavailable as error:
        return _failed(error.message, UNREACHABLE)
    except _NotDone as error:
        return _failed(str(error), NOT_DONE)


def _parser() -> _Parser:
    parser = _Parser(prog="marketdata")
    topics = parser.add_subparsers(dest="topic", required=True)
    bist = topics.add_parser("bist", help="the broker's session").add_subparsers(dest="command", required=True)
    bist.add_parser("status", help="print the state of the session")
    bist.add_parser("login", help="have a code sent by text message")
    bist.add_parser("code", help="hand in the code that has come")
    feed = topics.add_parser("feed", help="the venues' feeds").add_subparsers(dest="command", required=True)
    resume = feed.add_parser("resume", help="dial at once, though the feed stopped or waits")
    resume.add_argument("venue", help="BTCTURK or BIST")
    symbols = topics.add_parser("symbols", help="the symbols that are followed")
    commands = symbols.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="print them").set_defaults(symbols=())
    for name in ("add", "remove"):
        command = commands.add_parser(name, help=f"{name} symbols, without a restart")
        command.add_argument("symbols", nargs="+", help="such as BTCTURK:SOLTRY or BIST:SISE")
    return parser


def _line(lines: TextIO, name: str) -> str:
    """Returns the next line without blanks around it. Raises `_NoLine` when it is empty or missing."""
    found = lines.readline().strip()
    if not found:
        raise _NoLine(f"{name} is needed: a line of standard input")
    return found


def _bist(client: JsonClient, command: str, lines: TextIO) -> int:
    """Asks for the session, or takes one of the two steps of a login."""
    if command == "login":
        session = _ask(client, "POST", "/feeds/BIST/login", _Session)
    elif command == "code":
        code = wire.encode({"code": _line(lines, "the code from the text message")})
        session = _ask(client, "POST", "/feeds/BIST/sms", _Session, code)
    else:
        session = _ask(client, "GET", "/feeds/BIST/session", _Session)
    print(f"{session.state} since {session.since}: {session.reason}")
    return DONE if session.state == "ACTIVE" or command == "login" else NOT_DONE


def _resume(client: JsonClient, venue: str) -> int:
    """Resumes a feed and waits for its socket, as long as that may take without a refusal."""
    feed = _ask(client, "POST", f"/feeds/{quote(venue.upper(), safe='')}/resume", _Feed)
    until = time.monotonic() + RESUME_SECONDS
    while feed.connection != "open" and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        rows = _ask(client, "GET", "/feeds", _Feeds).feeds
        feed = next((row for row in rows if row.venue == feed.venue), feed)
    print(f"{feed.venue} is {feed.state}" + (f": {feed.reason}" if feed.reason else ""))
    return DONE if feed.connection == "open" else NOT_DONE


def _change(client: JsonClient, command: str, symbols: Sequence[str]) -> int:
    """Adds or removes symbols, one after the other, until one fails; then prints what is followed."""
    method = "PUT" if command == "add" else "DELETE"
    for symbol in symbols:
        _ask(client, method, f"/followed/{quote(symbol.upper(), safe=':')}", FollowedVenue)
    for venue in _ask(client, "GET", "/followed", FollowedSymbols).venues:
        print(f"{venue.venue} follows {len(venue.symbols)} of at most {venue.most}: {' '.join(venue.symbols)}")
        for name, changed in (("added", venue.added), ("removed", venue.removed)):
            if changed:
                print(f"  {name} by an operator: {' '.join(changed)}")
    return DONE


def _ask(client: JsonClient, method: str, path: str, kind: type[T], body: bytes | None = None) -> T:
    status, answer, _ = client.request(method, path, body=body)
    try:
        if status == 200:
            return msgspec.json.decode(answer, type=kind)
        raise _NotDone(msgspec.json.decode(answer, type=_Failure).error.message)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _NotDone(f"{client.base_url}{path} answered {status}: is this the market data service?") from error


def _failed(reason: str, code: int) -> int:
    print(reason, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
