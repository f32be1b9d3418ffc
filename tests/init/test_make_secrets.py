"""Secrets are made once, and the user's broker credentials are taken completely or not at all."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from init import make_secrets

PENCIL = (
    "SCRAM-SHA-256$4096:EE6JsaPk/hzCLtRpsLQP/Q==$cThflNF3ZO9hh25bdWDjU3JrqtAQsqBKfiNQvH2B28g=:"
    "YUd3HFnJy9meqxOuv8XDEUfakJs9RNLapF+y1kvMDIY="
)
KEY = "API-" + base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(make_secrets, "ROOT", tmp_path)
    for name in (*make_secrets.SECRETS, *make_secrets.VERIFIERS):
        (tmp_path / name).parent.mkdir(exist_ok=True)
    return tmp_path


def contents(root: Path) -> dict[str, str]:
    return {name: (root / name).read_text() for name in (*make_secrets.SECRETS, *make_secrets.VERIFIERS)}


def test_secrets_are_made_once_and_kept_ever_after(root: Path) -> None:
    assert make_secrets.make_all() == 0
    first = contents(root)
    assert len(set(first.values())) == len(first)
    assert make_secrets.make_all() == 0
    assert contents(root) == first


def test_the_simulated_brokers_key_has_the_brokers_form(root: Path) -> None:
    make_secrets.make_all()
    key = (root / "algolab/api_key").read_text()
    assert len(base64.b64decode(key.removeprefix("API-"), validate=True)) == 32


def test_no_secret_is_printed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_secrets.make_all()
    make_secrets.replace_broker([KEY, "somebody", "hunter2"])
    printed = capsys.readouterr().out
    assert not any(secret in printed for secret in contents(root).values())


def test_the_users_own_credentials_replace_the_simulated_ones_and_nothing_else(root: Path) -> None:
    make_secrets.make_all()
    before = contents(root)
    assert make_secrets.replace_broker([KEY, "somebody", "hunter2"]) == 0
    assert [contents(root)[name] for name in make_secrets.BROKER] == [KEY, "somebody", "hunter2"]
    assert {name for name, value in contents(root).items() if value != before[name]} == set(make_secrets.BROKER)
    assert make_secrets.make_all() == 0
    assert (root / "algolab/api_key").read_text() == KEY


@pytest.mark.parametrize(
    "lines",
    [[], [KEY], [KEY, "somebody", ""], ["API-short", "a", "b"], ["no prefix", "a", "b"], ["API-" + "A" * 8, "a", "b"]],
)
def test_credentials_that_cannot_be_right_change_nothing(root: Path, lines: list[str]) -> None:
    make_secrets.make_all()
    before = contents(root)
    assert make_secrets.replace_broker(lines) == 1
    assert contents(root) == before


def test_a_verifier_is_the_one_that_postgresql_itself_makes_of_the_password() -> None:
    """The verifier is from a server, made with `ALTER ROLE … PASSWORD 'pencil'`."""
    made = PENCIL
    salt = base64.b64decode(made.split("$")[1].partition(":")[2])
    assert make_secrets.scram_verifier("pencil", salt) == made


def test_a_verifier_follows_its_password_and_says_nothing_of_it(root: Path) -> None:
    make_secrets.make_all()
    first = contents(root)
    (root / "ledger-executor/password").write_text("another")
    (root / "ledger-verifiers/owner").write_text("torn")
    make_secrets.make_all()
    for role, password in (("executor", "another"), ("owner", first["ledger-owner/password"])):
        verifier = contents(root)[f"ledger-verifiers/{role}"]
        assert make_secrets.fits_password(verifier, password)
        assert verifier != first[f"ledger-verifiers/{role}"]
        assert password not in verifier
