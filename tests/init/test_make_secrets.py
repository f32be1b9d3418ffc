"""Secrets are made once, and the user's broker credentials are taken completely or not at all."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from init import make_secrets

KEY = "API-" + base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(make_secrets, "ROOT", tmp_path)
    for name in (*make_secrets.SECRETS, *make_secrets.VERIFIERS):
        (tmp_path / name).parent.mkdir(exist_ok=True)
    return tmp_path


def contents(root: Path) -> dict[str, str]:
    return {name: (root / name).read_text() for name in make_secrets.SECRETS}


def test_secrets_are_made_once_and_kept_ever_after(root: Path) -> None:
    assert make_secrets.make_all() == 0
    first = contents(root)
    assert len(set(first.values())) == len(first)
    assert make_secrets.make_all() == 0
    assert contents(root) == first


@pytest.mark.parametrize("who", ["operator", "reader"])
def test_an_old_token_gets_its_verifier_and_stays_as_it_is(root: Path, who: str) -> None:
    (root / who / "token").write_text("çok-gizli")
    make_secrets.make_all()
    assert (root / who / "token").read_text() == "çok-gizli"
    wanted = hashlib.sha256("çok-gizli".encode()).hexdigest()
    assert (root / f"{who}-verifier/verifier").read_bytes() == wanted.encode()


def test_a_token_that_was_replaced_by_hand_has_another_verifier_at_the_next_run(root: Path) -> None:
    make_secrets.make_all()
    before = (root / "operator-verifier/verifier").read_text()
    (root / "operator/token").write_text("by-hand\n")
    make_secrets.make_all()
    after = (root / "operator-verifier/verifier").read_text()
    assert after == hashlib.sha256(b"by-hand").hexdigest() != before


def test_a_run_that_died_while_it_wrote_does_not_stop_the_next_one(root: Path) -> None:
    half = root / "operator/token.partial"
    half.write_text("half")
    half.chmod(0o444)
    assert make_secrets.make_all() == 0
    assert not half.exists()
    assert (root / "operator/token").read_text() != "half"


def test_peers_and_readers_have_secrets_of_their_own(root: Path) -> None:
    make_secrets.make_all()
    made = [(root / name).read_text() for name in ("operator/token", "reader/token", "peer/secret")]
    assert len(set(made)) == 3
    assert all(len(secret) == 43 for secret in made)


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
