"""Sockets and calls tell the tape everything that a bug report needs, and no secret."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from common.clock import SYSTEM_CLOCK, Clock
from common.tape import Taped, TapeRecord, record_bytes
from marketdata.rest.budget import Budget
from marketdata.rest.client import RestClient
from marketdata.rest.replies import NoBudget, Reply, RestError
from marketdata.tape.folder import tapes_in
from marketdata.tape.secrets import Secrets
from marketdata.tape.taps import CallTape, SocketTape
from tests.common.local import http_server
from tests.marketdata.rest.rest_server import ENDPOINTS, LIMITS, QUICK, Handler, running_server
from tests.marketdata.rig import rest_app, settings_for
from tests.marketdata.tape.recording import Followed, following, records, with_bist
from tests.venue.algolab.rig import CREDENTIALS, Bist, encrypted, running_bist
from tests.venue.btcturk.rig import running_venue
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow

LONG = 60.0
BTCTURK, ALGOLAB = "btcturk-socket", "algolab-socket"


@dataclass
class Sheet:
    """A recorder that keeps what it is told."""

    found: list[Taped] = field(default_factory=list)

    def now(self) -> tuple[float, float]:
        return time.monotonic(), time.time()

    def put(self, record: TapeRecord, payloads: object) -> None:
        self.found.append(Taped(record, tuple(payloads)))  # type: ignore[arg-type]


@contextmanager
def recorded(folder: Path, bist: Bist) -> Iterator[Followed]:
    """Both venues, followed and recorded; the broker's login is by itself."""
    with running_venue() as venue, http_server(rest_app(venue)) as url:
        addresses = {"WS": bist.ws_url, "REST": bist.rest_url, "SMS": bist.sms_url}
        more = with_bist(folder, **{f"SPARK_ALGOLAB_{name}_URL": address for name, address in addresses.items()})
        settings, clock = settings_for(venue.url, url, **more), Clock(time.monotonic, bist.clock)
        with following(settings, folder / "tapes", clock) as followed:
            yield followed


def told(folder: Path, link: str, kind: str) -> list[Taped]:
    return [each for each in records(folder / "tapes") if (each.record.link, each.record.kind) == (link, kind)]


def test_every_link_is_on_the_tape_with_what_came_and_what_went(tmp_path: Path) -> None:
    with running_bist() as bist, recorded(tmp_path, bist) as followed:
        eventually(lambda: not followed.parts.store.not_live("BTCTURK"), LONG)
        eventually(lambda: followed.books["BIST:THYAO"] and followed.books["BIST:GARAN"], LONG)
        tape = followed.parts.tape
        assert tape is not None
        eventually(lambda: tape.counters.written["charts"] > 2 and tape.counters.written["broker"] > 4, LONG)
    assert set(tape.counters.written) == {BTCTURK, ALGOLAB, "api", "charts", "broker"}
    assert not sum(tape.counters.dropped.values())
    assert told(tmp_path, BTCTURK, "opened")
    sent = [json.loads(each.payloads[0]) for each in told(tmp_path, BTCTURK, "out")]
    assert {(body["channel"], body["event"]) for _, body in sent} >= {("obdiff", "BTCTRY"), ("trade", "ETHUSDT")}
    came = [frame for each in told(tmp_path, BTCTURK, "in") for frame in each.payloads]
    assert came[0] == b'[991,{"type":991,"current":"6.0.0","min":"2.3.0"}]'
    calls = {each.record.path.partition("?")[0]: each for each in told(tmp_path, "api", "call")}
    info = calls["/api/v2/server/exchangeinfo"]
    assert (info.record.method, info.record.status) == ("GET", 200)
    assert json.loads(info.payloads[1])["success"] is True
    assert info.record.headers["Content-Type"] == "application/json"
    assert info.record.asked is not None
    assert info.record.asked <= info.record.at
    klines = [each.record.path for each in told(tmp_path, "charts", "call")]
    assert any("symbol=BTCTRY" in path for path in klines)
    equity = [each for each in told(tmp_path, "broker", "call") if each.record.path.endswith("GetEquityInfo")]
    assert {each.payloads[0] for each in equity} >= {b'{"symbol":"THYAO"}', b'{"symbol":"GARAN"}'}


def test_no_secret_is_on_the_tape(tmp_path: Path) -> None:
    seen: set[str] = set()
    with running_bist() as bist, recorded(tmp_path, bist) as followed:
        tape = followed.parts.tape
        assert tape is not None

        def logged_in() -> bool:
            session = bist.accounts._session
            seen.update({session.authorization} if session else ())
            return session is not None and bist.server.counters.frames_received > 0

        eventually(logged_in, LONG)
        eventually(lambda: len(told(tmp_path, ALGOLAB, "out")) > 4, LONG)
        bist.accounts.expire()
        sockets = bist.server.counters.upgrades["accepted"]
        eventually(lambda: logged_in() and bist.server.counters.upgrades["accepted"] > sockets, LONG)
        beats = tape.counters.written[ALGOLAB]
        eventually(lambda: tape.counters.written[ALGOLAB] > beats + 4, LONG)
    assert len(seen) == 2
    secrets = {CREDENTIALS.api_key, CREDENTIALS.username, CREDENTIALS.password, encrypted(CREDENTIALS.username)}
    secrets |= seen | {encrypted(CREDENTIALS.password)}
    content = b"".join(gzip.decompress(path.read_bytes()) for path in tapes_in(tmp_path / "tapes"))
    assert [secret for secret in secrets if secret.encode() in content] == []
    frames = [json.loads(each.payloads[0]) for each in told(tmp_path, ALGOLAB, "out")]
    assert {frame["Type"] for frame in frames} == {"T", "D", "H"}
    assert {frame["Token"] for frame in frames} == {"***"}
    logins = [each for each in told(tmp_path, "broker", "call") if "LoginUser" in each.record.path]
    assert len(logins) >= 4
    assert {each.payloads for each in logins} == {(b"", b"")}


SECRETS = Secrets(lambda: ("API-a-long-key", "12345678901", "short", ""))


@pytest.mark.parametrize(
    ("text", "blanked"),
    [
        (b'{"Type":"H","Token":"abc"}', b'{"Type":"H","Token":"***"}'),
        (b'{"token" : "a\\"b", "x": "token"}', b'{"token" : "***", "x": "token"}'),
        (b'{"APIKEY":"k","apiKey":"k","api_key":"k"}', b'{"APIKEY":"***","apiKey":"***","api_key":"***"}'),
        (b'{"Authorization":"Bearer x","Checker":"y"}', b'{"Authorization":"***","Checker":"***"}'),
        (b'{"password":"p","username":"u","userName":"u"}', b'{"password":"***","username":"***","userName":"***"}'),
        (b'{"content":{"hash":"h","accessToken":"t"}}', b'{"content":{"hash":"***","accessToken":"***"}}'),
        (b'{"Token":"cut off in the mid', b'{"Token":"***"'),
        (b"/path?symbol=THYAO&token=abc&x=1", b"/path?symbol=THYAO&token=***&x=1"),
        (b"somewhere API-a-long-key and 12345678901 stand", b"somewhere *** and *** stand"),
        (b'{"Symbol":"THYAO","Price":312.5}', b'{"Symbol":"THYAO","Price":312.5}'),
        (b"wss://me:pass@host/x is not reached", b"wss://***@host/x is not reached"),
        (b"short prices stay", b"short prices stay"),
        (b"\xff\xfe token", b"\xff\xfe token"),
    ],
)
def test_secrets_are_blanked_by_their_keys_and_by_their_values(text: bytes, blanked: bytes) -> None:
    assert SECRETS.blanked(text) == blanked


def failing(handler: Handler) -> None:
    status = int(handler.path.rpartition("/")[2].partition("?")[0])
    handler.answer(status, b'{"why":"because"}', **({"Retry_After": "7"} if status in (429, 503) else {}))


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 429, 500, 502, 503])
def test_a_call_that_fails_is_recorded_with_its_status(status: int) -> None:
    sheet = Sheet()
    with running_server(failing) as server, pytest.raises(RestError):
        client(server.url, sheet).get("one", f"/{status}", {"pair": "A B", "to": "1"})
    assert {each.record.status for each in sheet.found} == {status}
    assert {each.record.path for each in sheet.found} == {f"/{status}?pair=A+B&to=1"}
    assert len(sheet.found) == (3 if status in (500, 502) else 1), "each try is a call"
    assert all(each.record.reason for each in sheet.found)
    assert all(each.record.headers == ({"Retry-After": "7"} if status in (429, 503) else {}) for each in sheet.found)


def test_a_call_without_an_answer_is_recorded_and_one_that_was_never_made_is_not() -> None:
    sheet = Sheet()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(RestError):
        client(f"http://127.0.0.1:{port}", sheet).get("one", "/x")
    assert [(each.record.status, bool(each.record.reason)) for each in sheet.found] == [(None, True)] * 3
    sheet.found.clear()
    CallTape(sheet, "api").called(1.0, "GET", "/x", {}, NoBudget("one", "spent", 3.0))
    assert sheet.found == []


def test_no_text_makes_a_tap_raise() -> None:
    sheet = Sheet()
    tap = SocketTape(sheet, "one")
    for text in ("\udcff", "ğ", "\x00", ""):
        tap.sent(text)
        tap.ended(text)
        CallTape(sheet, "api").called(1.0, "GET", text, {"fields": {text: text}}, Reply(200, b"\xff", {"Date": "\xff"}))
        CallTape(sheet, "api").called(1.0, "POST", text, {"body": b"\xff"}, RestError("one", text))
    assert len(sheet.found) == 16
    for each in sheet.found:
        assert record_bytes(each.record, each.payloads)


def test_public_bodies_are_kept_to_the_byte() -> None:
    sheet, body = Sheet(), b'{"token":"public","hash":"x","url":"http://a:b@c"}'
    CallTape(sheet, "api").called(1.0, "GET", "/x", {}, Reply(200, body))
    assert sheet.found[0].payloads == (b"", body)


def client(url: str, sheet: Sheet) -> RestClient:
    budget = Budget(LIMITS, monotonic=time.monotonic)
    return RestClient(url, ENDPOINTS, budget=budget, clock=SYSTEM_CLOCK, retries=QUICK, tap=CallTape(sheet, "api"))


def test_with_the_tape_off_nothing_is_recorded_and_nothing_is_there_to_record(tmp_path: Path) -> None:
    with running_venue() as venue, http_server(rest_app(venue)) as url:
        settings = settings_for(venue.url, url, SPARK_DATA_DIR=str(tmp_path))
        assert settings.tape is None
        with following(settings) as followed:
            eventually(lambda: not followed.parts.store.not_live(), LONG)
            assert followed.parts.tape is None
    assert not (tmp_path / "tapes").exists()
