"""Acts on the running service: `python -m marketdata.cli bist login`, `feed resume BTCTURK`, `symbols list`."""

from __future__ import annotations

import argparse
import getpass
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
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


class _NotDone(Exception):
    """The service did not do what was asked; the message says why."""


def main(
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    prompt: Callable[[str], str] = getpass.getpass,
) -> int:
    """Runs one command. Returns the exit code: 0 when there is a session afterwards, the feed is connected, or the
    symbols are as was asked; 1 when not; 2 when the service does not answer; 64 for a wrong call or wrong settings."""
    chosen = _parser().parse_args(arguments)
    reader = Reader(environment)
    port = reader.integer("PORT", DEFAULT_PORT, at_least=1, at_most=65_535)
    token = "" if chosen.command in ("status", "list") else reader.secret("SPARK_OPERATOR_TOKEN")
    try:
        reader.check()
        client = JsonClient(f"http://127.0.0.1:{port}/v1", CALL_SECONDS, headers={"Authorization": f"Bearer {token}"})
        if chosen.topic == "feed":
            return _resume(client, chosen.venue)
        if chosen.topic == "symbols":
            return _change(client, chosen.command, chosen.symbols)
        return _tell(
            _ask(client, "GET", "/feeds/BIST/session", _Session)
            if chosen.command == "status"
            else _login(client, chosen.code or prompt)
        )
    except SettingsError as error:
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
    login = bist.add_parser("login", help="have a code sent by text message, and hand it in")
    login.add_argument("--code", help="hand in a code that has come already, instead of asking for another")
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


def _login(client: JsonClient, code: str | Callable[[str], str]) -> _Session:
    if not isinstance(code, str):
        _ask(client, "POST", "/feeds/BIST/login", _Session)
        code = code("Code from the text message: ")
    return _ask(client, "POST", "/feeds/BIST/sms", _Session, wire.encode({"code": code}))


def _tell(session: _Session) -> int:
    print(f"{session.state} since {session.since}: {session.reason}")
    return DONE if session.state == "ACTIVE" else NOT_DONE


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
