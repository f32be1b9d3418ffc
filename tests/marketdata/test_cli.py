"""The operator's command line against a running service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, Response

from common import ops
from common.loop import Stop, Supervisor
from common.settings import ServiceSettings
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


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    return file


@pytest.fixture
def environment(bist: Bist, tmp_path: Path, token_file: Path) -> Iterator[dict[str, str]]:
    with http_server(app_at(bist.rest_url, tmp_path / "session.json")) as url:
        yield {"PORT": url.rpartition(":")[2], "SPARK_OPERATOR_TOKEN_FILE": str(token_file)}


def test_a_login_asks_for_the_code(bist: Bist, environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["bist", "login"], environment, lambda _prompt: bist.accounts.phone() or "")
    assert (code, capsys.readouterr().out.split()[0]) == (0, "ACTIVE")
    assert main(["bist", "status"], environment) == 0


def test_a_code_that_has_come_already_is_handed_in(bist: Bist, environment: dict[str, str]) -> None:
    assert main(["bist", "status"], environment) == 1
    assert main(["bist", "login", "--code", "000"], environment) == 1
    assert bist.accounts.phone() is None, "no other code was asked for"


def test_a_refusal_is_told_in_the_services_words(
    bist: Bist, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    bist.faults.arm("refuse_login")
    assert main(["bist", "login"], environment) == 1
    assert "password is wrong" in capsys.readouterr().err


def test_a_wrong_token_is_told(environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong")
    assert main(["bist", "login"], {**environment, "SPARK_OPERATOR_TOKEN_FILE": str(wrong)}) == 1
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
            ops.require_token(TOKEN)
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
def test_a_feed_is_resumed_and_the_command_waits_for_its_socket(
    name: str, token_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feeds = Feeds(opens_after=2)
    with http_server(feeds.app()) as url:
        known = {"PORT": url.rpartition(":")[2], "SPARK_OPERATOR_TOKEN_FILE": str(token_file)}
        assert main(["feed", "resume", name], known) == 0
    assert feeds.resumed == ["BTCTURK"]
    assert capsys.readouterr().out == "BTCTURK is syncing\n"


def test_a_feed_that_is_refused_again_is_told_with_the_reason(
    token_file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marketdata.cli.RESUME_SECONDS", 0.5)
    with http_server(Feeds(opens_after=10**6).app()) as url:
        known = {"PORT": url.rpartition(":")[2], "SPARK_OPERATOR_TOKEN_FILE": str(token_file)}
        assert main(["feed", "resume", "BTCTURK"], known) == 1
        assert "BTCTURK is rejected: answered with 403" in capsys.readouterr().out
        assert main(["feed", "resume", "NOBODY/../x"], known) == 1


def test_symbols_are_listed_added_and_removed(
    tmp_path: Path, token_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        both_venues(tmp_path) as venues,
        running(settings(venues)) as service,
        http_server(service.http.application) as url,
    ):
        known = {"PORT": url.rpartition(":")[2], "SPARK_OPERATOR_TOKEN_FILE": str(token_file)}
        assert main(["symbols", "list"], {"PORT": known["PORT"]}) == 0
        assert "BIST follows 2 of at most 600: BIST:THYAO BIST:GARAN" in capsys.readouterr().out
        assert main(["symbols", "add", "bist:asels", "BIST:TUPRS"], known) == 0
        assert "added by an operator: BIST:ASELS BIST:TUPRS" in capsys.readouterr().out
        assert main(["symbols", "remove", "BIST:GARAN", "BIST:ASELS"], known) == 0
        assert "removed by an operator: BIST:GARAN" in capsys.readouterr().out
        assert main(["symbols", "add", "BTCTURK:NOPETRY"], known) == 1
        assert "lists no pair 'NOPETRY'" in capsys.readouterr().err


def test_no_service_is_told_apart_from_no_session(token_file: Path) -> None:
    assert main(["bist", "status"], {"PORT": "9"}) == 2


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["bist", "status"], {"PORT": "none"}),
        (["feed", "resume", "BTCTURK"], {}),
        (["bist", "login"], {"SPARK_OPERATOR_TOKEN_FILE": "/does/not/exist"}),
        (["bist", "login"], {}),
    ],
)
def test_wrong_settings_are_named(
    arguments: list[str], environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments, environment) == 64
    assert next(iter(environment), "SPARK_OPERATOR_TOKEN_FILE") in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [[], ["bist"], ["bist", "dance"], ["btcturk", "login"], ["feed"], ["feed", "resume"], ["feed", "halt", "BTCTURK"]],
)
def test_a_wrong_call_is_told(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments, {})
    assert ended.value.code == 64
