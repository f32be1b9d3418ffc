"""The operator's command line against a running service."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, Response

from common import ops
from common.loop import Stop, Supervisor
from common.settings import ServiceSettings
from common.verifier import verifier_of
from marketdata.cli import main
from tests.common.local import http_server
from tests.marketdata.followed.running import both_venues, running, settings
from tests.marketdata.venues.algolab.rig import TOKEN
from tests.marketdata.venues.algolab.test_login_api import app_at
from tests.venue.algolab.rig import Bist, running_bist

pytestmark = pytest.mark.slow


@pytest.fixture
def bist() -> Iterator[Bist]:
    with running_bist() as running:
        yield running


def said(*lines: str) -> io.StringIO:
    """Text on standard input."""
    return io.StringIO("".join(f"{line}\n" for line in lines))


@pytest.fixture
def environment(bist: Bist, tmp_path: Path) -> Iterator[dict[str, str]]:
    with http_server(app_at(bist.rest_url, tmp_path / "session.json")) as url:
        yield {"PORT": url.rpartition(":")[2]}


def test_a_login_has_a_code_sent_and_takes_it(
    bist: Bist, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bist", "login"], environment, said(TOKEN)) == 0
    assert main(["bist", "status"], environment) == 1
    capsys.readouterr()
    assert main(["bist", "code"], environment, said(TOKEN, bist.accounts.phone() or "")) == 0
    assert capsys.readouterr().out.split()[0] == "ACTIVE"
    assert main(["bist", "status"], environment) == 0


def test_a_code_is_handed_in_without_another_being_sent(bist: Bist, environment: dict[str, str]) -> None:
    assert main(["bist", "status"], environment) == 1
    assert main(["bist", "code"], environment, said(TOKEN, "000")) == 1
    assert bist.accounts.phone() is None, "no other code was asked for"


def test_a_refusal_is_told_in_the_services_words(
    bist: Bist, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    bist.faults.arm("refuse_login")
    assert main(["bist", "login"], environment, said(TOKEN)) == 1
    assert "password is wrong" in capsys.readouterr().err


def test_a_wrong_token_is_told(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bist", "login"], environment, said("wrong")) == 1
    assert "operator's token" in capsys.readouterr().err


class Feeds:
    """A feed that an operator may resume, and the socket that opens some looks later, if it does."""

    def __init__(self, opens_after: int) -> None:
        self.resumed, self._looks, self._opens_after = list[str](), 0, opens_after

    def app(self) -> Flask:
        app = Flask("feeds")
        ops.install(app, ServiceSettings("marketdata", "1", "simulated"), {}, Supervisor(Stop()))

        @app.post("/v1/feeds/BTCTURK/resume")
        def resume() -> Response:
            ops.require_token(verifier_of(TOKEN))
            self.resumed.append("BTCTURK")
            return ops.answer(self._row())

        @app.get("/v1/feeds")
        def feeds() -> Response:
            self._looks += 1
            return ops.answer({"market": "live", "feeds": [{**self._row(), "venue": "BIST"}, self._row()]})

        return app

    def _row(self) -> dict[str, object]:
        if self._looks >= self._opens_after:
            return {"venue": "BTCTURK", "state": "syncing", "reason": None, "connection": "open"}
        return {"venue": "BTCTURK", "state": "rejected", "reason": "answered with 403", "connection": "rejected"}


@pytest.mark.parametrize("name", ["BTCTURK", "btcturk"])
def test_a_feed_is_resumed_and_the_command_waits_for_its_socket(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    feeds = Feeds(opens_after=2)
    with http_server(feeds.app()) as url:
        known = {"PORT": url.rpartition(":")[2]}
        assert main(["feed", "resume", name], known, said(TOKEN)) == 0
    assert feeds.resumed == ["BTCTURK"]
    assert capsys.readouterr().out == "BTCTURK is syncing\n"


def test_a_feed_that_is_refused_again_is_told_with_the_reason(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marketdata.cli.RESUME_SECONDS", 0.5)
    with http_server(Feeds(opens_after=10**6).app()) as url:
        known = {"PORT": url.rpartition(":")[2]}
        assert main(["feed", "resume", "BTCTURK"], known, said(TOKEN)) == 1
        assert "BTCTURK is rejected: answered with 403" in capsys.readouterr().out
        assert main(["feed", "resume", "NOBODY/../x"], known, said(TOKEN)) == 1


def test_symbols_are_listed_added_and_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (
        both_venues(tmp_path) as venues,
        running(settings(venues)) as service,
        http_server(service.http.application) as url,
    ):
        known = {"PORT": url.rpartition(":")[2]}
        assert main(["symbols", "list"], {"PORT": known["PORT"]}) == 0
        assert "BIST follows 2 of at most 600: BIST:THYAO BIST:GARAN" in capsys.readouterr().out
        assert main(["symbols", "add", "bist:asels", "BIST:TUPRS"], known, said(TOKEN)) == 0
        assert "added by an operator: BIST:ASELS BIST:TUPRS" in capsys.readouterr().out
        assert main(["symbols", "remove", "BIST:GARAN", "BIST:ASELS"], known, said(TOKEN)) == 0
        assert "removed by an operator: BIST:GARAN" in capsys.readouterr().out
        assert main(["symbols", "add", "BTCTURK:NOPETRY"], known, said(TOKEN)) == 1
        assert "lists no pair 'NOPETRY'" in capsys.readouterr().err


def test_no_service_is_told_apart_from_no_session() -> None:
    assert main(["bist", "status"], {"PORT": "9"}) == 2


def test_wrong_settings_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bist", "status"], {"PORT": "none"}) == 64
    assert "PORT" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["feed", "resume", "BTCTURK"], ["bist", "login"], ["symbols", "add", "BIST:SISE"]]
)
@pytest.mark.parametrize("lines", [(), ("",), ("  ",)])
def test_a_change_without_a_token_is_told(
    arguments: list[str], lines: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments, {"PORT": "9"}, said(*lines)) == 64
    assert "the operator's token is needed" in capsys.readouterr().err


def test_a_missing_code_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bist", "code"], {"PORT": "9"}, said(TOKEN)) == 64
    assert "the code from the text message is needed" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [[], ["bist"], ["bist", "dance"], ["btcturk", "login"], ["feed"], ["feed", "resume"], ["feed", "halt", "BTCTURK"]],
)
def test_a_wrong_call_is_told(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments, {})
    assert ended.value.code == 64
