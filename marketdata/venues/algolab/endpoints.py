"""AlgoLab's REST calls: names, paths, bodies and headers. Pure. Source: the broker's public document 1.0.5."""

from __future__ import annotations

import json

from marketdata.venues.algolab.signing import SOCKET_PATH, checker, encrypt

HOST_PATH = "/api"
LOGIN, CONFIRM, REFRESH, EQUITY = "LoginUser", "LoginUserControl", "SessionRefresh", "GetEquityInfo"
CALLS = (LOGIN, CONFIRM, REFRESH, EQUITY)


def path(call: str) -> str:
    """Returns the call's path on the host, in which `/api` comes twice."""
    return f"{HOST_PATH}/api/{call}"


def body(**fields: str) -> bytes:
    """Returns JSON without spaces, as the signature needs it."""
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()


def login_body(api_key: str, username: str, password: str) -> bytes:
    """Returns the body of a login's first step."""
    return body(username=encrypt(api_key, username), password=encrypt(api_key, password))


def confirm_body(api_key: str, token: str, code: str) -> bytes:
    """Returns the body of a login's second step: the first one's token, and the code from the text message."""
    return body(token=encrypt(api_key, token), password=encrypt(api_key, code))


def key_headers(api_key: str) -> dict[str, str]:
    """Returns the headers of both steps of a login."""
    return {"APIKEY": api_key}


def call_headers(api_key: str, session: str, call: str, sent: bytes, *, doubled: bool) -> dict[str, str]:
    """Returns the headers of a session's call. An empty object is signed as no body."""
    signed = "" if sent == b"{}" else sent.decode()
    return _signed(api_key, session, checker(api_key, f"/api/{call}", signed, doubled=doubled))


def socket_headers(api_key: str, session: str) -> dict[str, str]:
    """Returns the headers of the socket's upgrade."""
    return _signed(api_key, session, checker(api_key, SOCKET_PATH))


def _signed(api_key: str, session: str, signature: str) -> dict[str, str]:
    return {"APIKEY": api_key, "Authorization": session, "Checker": signature}
