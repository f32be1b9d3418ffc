"""An engine that is away, slow, huge or unreadable is a 503 that says so in plain words."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.window.conftest import app_at
from tests.window.engine import Engine
from window import engine as engine_module

PATHS = ("/version", "/_ping", "/containers/json?all=1", f"/containers/{'ab' * 32}/json", f"/images/{'ab' * 32}/json")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"


@contextmanager
def talking(path: Path, talk: Callable[[socket.socket], object]) -> Iterator[Path]:
    """A socket that speaks below HTTP: `talk` gets each connection after a request came."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    connection.recv(65_536)
                    talk(connection)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield path
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def told(window: FlaskClient, path: str) -> str:
    answer = window.get(path)
    assert answer.status_code == 503, answer.text
    body = answer.get_json()
    assert body["error"]["code"] == "UNAVAILABLE"
    return str(body["message"])


@pytest.mark.parametrize("path", PATHS)
def test_an_engine_that_is_away_is_told_in_plain_words(tmp_path: Path, path: str) -> None:
    said = told(app_at(tmp_path / "none.sock").test_client(), path)
    assert said.startswith("the container engine does not answer at its socket (FileNotFoundError)")
    assert "SPARK_DOCKER_SOCKET" in said


def test_a_socket_that_nobody_listens_on_is_told(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as closed:
        closed.bind(str(tmp_path / "dead.sock"))
    assert "ConnectionRefusedError" in told(app_at(tmp_path / "dead.sock").test_client(), "/version")


def drip(connection: socket.socket) -> None:
    connection.sendall(HEAD)
    while True:
        connection.sendall(b" ")
        threading.Event().wait(0.02)


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (lambda connection: connection.recv(1), "does not answer at its socket (TimeoutError)"),
        (lambda _: None, "does not answer at its socket (RemoteDisconnected)"),
        (lambda connection: connection.sendall(b"SSH-2.0\r\n\r\n"), "does not answer at its socket (BadStatusLine)"),
        (lambda connection: connection.sendall(HEAD + b"[]"), "does not answer at its socket (IncompleteRead)"),
        (drip, "answers too slowly"),
    ],
    ids=["silent", "hangs up", "no HTTP", "half an answer", "drop by drop"],
)
def test_an_engine_that_does_not_finish_is_given_up(
    tmp_path: Path, talk: Callable[[socket.socket], object], reason: str
) -> None:
    with talking(tmp_path / "engine.sock", talk) as path:
        assert reason in told(app_at(path, seconds=0.3).test_client(), "/version")


def test_an_answer_without_end_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "LARGEST_ANSWER", 100_000)
    with talking(tmp_path / "engine.sock", lambda connection: connection.sendall(HEAD + b" " * 1_000_000)) as path:
        assert told(app_at(path).test_client(), "/version") == "the container engine's answer is too large"


@pytest.mark.parametrize("body", [b"no json", b"\xff", b"", b"[" * 100_000])
def test_an_answer_that_is_no_json_is_told(window: FlaskClient, engine: Engine, body: bytes) -> None:
    engine.replies["/version"] = lambda: (200, body)
    assert told(window, "/version") == "the container engine's answer can't be read"


@pytest.mark.parametrize("body", [b"null", b"7", b"{}", b'"x"'])
def test_a_list_of_another_shape_is_told(window: FlaskClient, engine: Engine, body: bytes) -> None:
    engine.replies["/containers/json"] = lambda: (200, body)
    assert told(window, "/containers/json?all=1") == "the container engine's list can't be read"


@pytest.mark.parametrize("body", [b"[null]", b"[[]]", b'[{"Labels":7}]', b"[{}]"])
def test_rows_of_another_shape_are_nobodys(window: FlaskClient, engine: Engine, body: bytes) -> None:
    engine.replies["/containers/json"] = lambda: (200, body)
    assert window.get("/containers/json?all=1").get_json() == []
