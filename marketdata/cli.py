"""Logs in to the broker through the running service: `python -m marketdata.cli bist login`, or `bist status`."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Mapping, Sequence

import msgspec

from common import wire
from common.client import JsonClient
from common.errors import Unavailable
from common.settings import Reader, SettingsError

DONE, NOT_DONE, UNREACHABLE, WRONG_USE = 0, 1, 2, 64
DEFAULT_PORT = 5001
CALL_SECONDS = 45.0
"""The broker's calls wait for each other, so one may take long."""


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
    """Runs one command. Returns the exit code: 0 when there is a session afterwards, 1 when there is none, 2 when the
    service does not answer, 64 for a wrong call or wrong settings."""
    parser = _Parser(prog="marketdata")
    venues = parser.add_subparsers(dest="venue", required=True)
    commands = venues.add_parser("bist", help="the broker's session").add_subparsers(dest="command", required=True)
    commands.add_parser("status", help="print the state of the session")
    login = commands.add_parser("login", help="have a code sent by text message, and hand it in")
    login.add_argument("--code", help="hand in a code that has come already, instead of asking for another")
    chosen = parser.parse_args(arguments)
    reader = Reader(environment)
    port = reader.integer("PORT", DEFAULT_PORT, at_least=1, at_most=65_535)
    token = reader.secret("SPARK_OPERATOR_TOKEN") if chosen.command == "login" else ""
    try:
        reader.check()
        client = JsonClient(
            f"http://127.0.0.1:{port}/v1/feeds/BIST", CALL_SECONDS, headers={"Authorization": f"Bearer {token}"}
        )
        session = (
            _ask(client, "GET", "/session") if chosen.command == "status" else _login(client, chosen.code or prompt)
        )
    except SettingsError as error:
        return _failed(str(error), WRONG_USE)
    except Unavailable as error:
        return _failed(error.message, UNREACHABLE)
    except _NotDone as error:
        return _failed(str(error), NOT_DONE)
    print(f"{session.state} since {session.since}: {session.reason}")
    return DONE if session.state == "ACTIVE" else NOT_DONE


def _login(client: JsonClient, code: str | Callable[[str], str]) -> _Session:
    if not isinstance(code, str):
        _ask(client, "POST", "/login")
        code = code("Code from the text message: ")
    return _ask(client, "POST", "/sms", wire.encode({"code": code}))


def _ask(client: JsonClient, method: str, path: str, body: bytes | None = None) -> _Session:
    status, answer, _ = client.request(method, path, body=body)
    try:
        if status == 200:
            return msgspec.json.decode(answer, type=_Session)
        raise _NotDone(msgspec.json.decode(answer, type=_Failure).error.message)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _NotDone(f"{client.base_url}{path} answered {status}: is this the market data service?") from error


def _failed(reason: str, code: int) -> int:
    print(reason, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
