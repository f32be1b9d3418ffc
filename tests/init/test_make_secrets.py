"""Secrets are made once, and the user's broker credentials are taken completely or not at all."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from pathlib import Path

import pytest

from init import make_secrets

PENCIL = (
    "SCRAM-SHA-256$4096:EE6JsaPk/hzCLtRpsLQP/Q==$cThflNF3ZO9hh25bdWDjU3JrqtAQsqBKfiNQvH2B28g=:"
    "YUd3HFnJy9meqxOuv8XDEUfakJs9RNLapF+y1kvMDIY="
)
KEY = "API-" + base64.b64encode(bytes(range(32))).decode()
OWN = [KEY, "somebody", "hunter2"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(make_secrets, "ROOT", tmp_path)
    for name in (
        *make_secrets.SECRETS,
        *make_secrets.VERIFIERS,
        *make_secrets.SCRAM_VERIFIERS,
        "algolab-live/x",
        "algolab/x",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
    return tmp_path


def contents(root: Path) -> dict[str, str]:
    return {name: (root / name).read_text() for name in make_secrets.SECRETS}


def broker(root: Path, folder: str) -> list[str]:
    """The credentials with the broker in a folder."""
    return [(root / folder / name).read_text() for name in make_secrets.BROKER]


def keep_formerly(root: Path, credentials: list[str]) -> None:
    """Writes credentials to where an earlier version kept them."""
    for name, secret in zip(make_secrets.BROKER, credentials, strict=True):
        (root / "algolab" / name).write_text(secret)


def test_secrets_are_made_once_and_kept_ever_after(root: Path) -> None:
    assert make_secrets.make_all() == 0
    first = contents(root)
    assert len(set(first.values())) == len(first)
    assert make_secrets.make_all() == 0
    assert contents(root) == first


@pytest.mark.parametrize("who", ["operator", "reader", "canary-trader"])
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


def test_peers_readers_and_the_canarys_orders_have_secrets_of_their_own(root: Path) -> None:
    make_secrets.make_all()
    names = ("operator/token", "reader/token", "peer/secret", "canary-trader/token")
    made = [(root / name).read_text() for name in names]
    assert len(set(made)) == 4
    assert all(len(secret) == 43 for secret in made)


def test_a_secret_is_shown_on_request_and_on_a_line_of_its_own(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_secrets.make_all()
    capsys.readouterr()
    assert make_secrets.main(["show", "operator/token", "grafana/admin_password"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown == [(root / "operator/token").read_text(), (root / "grafana/admin_password").read_text()]


@pytest.mark.parametrize("name", ["operator/token", "../../etc/passwd", "operator-verifier/verifier", ""])
def test_what_is_no_secret_or_is_not_made_yet_is_not_shown(
    root: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make_secrets.main(["show", name]) == 1
    told = capsys.readouterr()
    assert (told.out, name in told.err) == ("", True)
    assert not (root / "operator/token").exists(), "asking makes none"


def test_the_simulated_brokers_key_has_the_brokers_form(root: Path) -> None:
    make_secrets.make_all()
    key = (root / "algolab-simulated/api_key").read_text()
    assert len(base64.b64decode(key.removeprefix("API-"), validate=True)) == 32


def test_no_secret_is_printed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_secrets.make_all()
    make_secrets.replace_broker(OWN)
    printed = capsys.readouterr().out
    assert not any(secret in printed for secret in (*contents(root).values(), *OWN))


def test_the_users_own_credentials_are_kept_apart_from_the_simulated_ones(root: Path) -> None:
    make_secrets.make_all()
    before = contents(root)
    assert make_secrets.replace_broker(OWN) == 0
    assert broker(root, "algolab-live") == OWN
    assert contents(root) == before, "the simulated venue's are as they were"
    assert make_secrets.make_all() == 0
    assert broker(root, "algolab-live") == OWN


def test_credentials_of_an_earlier_version_move_to_where_the_venue_does_not_see_them(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_formerly(root, OWN)
    make_secrets.make_all()
    assert broker(root, "algolab-live") == OWN
    assert list((root / "algolab").iterdir()) == []
    assert not set(broker(root, "algolab-simulated")) & set(OWN)
    assert not any(secret in capsys.readouterr().out for secret in OWN)
    make_secrets.make_all()
    assert broker(root, "algolab-live") == OWN


def test_simulated_credentials_of_an_earlier_version_do_not_pass_for_the_users_own(root: Path) -> None:
    keep_formerly(root, [KEY, make_secrets.random_token(), make_secrets.random_token()])
    make_secrets.make_all()
    assert list((root / "algolab-live").iterdir()) == list((root / "algolab").iterdir()) == []


def test_credentials_given_since_the_update_are_not_replaced_by_the_earlier_ones(root: Path) -> None:
    keep_formerly(root, ["API-" + "A" * 24, "formerly", "formerly-secret"])
    assert make_secrets.replace_broker(OWN) == 0
    make_secrets.make_all()
    assert broker(root, "algolab-live") == OWN
    assert list((root / "algolab").iterdir()) == []


def test_a_move_that_died_in_the_middle_is_ended_by_the_next_run(root: Path) -> None:
    keep_formerly(root, OWN)
    (root / "algolab-live/api_key").write_text(OWN[0])
    make_secrets.make_all()
    assert broker(root, "algolab-live") == OWN


@pytest.mark.parametrize("removed", [1, 2])
def test_a_move_that_died_while_it_emptied_the_former_place_loses_nothing(root: Path, removed: int) -> None:
    keep_formerly(root, OWN)
    for name, secret in zip(make_secrets.BROKER, OWN, strict=True):
        (root / "algolab-live" / name).write_text(secret)
    for name in make_secrets.BROKER[:removed]:
        (root / "algolab" / name).unlink()
    make_secrets.make_all()
    assert broker(root, "algolab-live") == OWN
    assert list((root / "algolab").iterdir()) == []


@pytest.mark.parametrize(
    "lines",
    [[], [KEY], [KEY, "somebody", ""], ["API-short", "a", "b"], ["no prefix", "a", "b"], ["API-" + "A" * 8, "a", "b"]],
)
def test_credentials_that_cannot_be_right_change_nothing(root: Path, lines: list[str]) -> None:
    make_secrets.make_all()
    before = contents(root)
    assert make_secrets.replace_broker(lines) == 1
    assert contents(root) == before
    assert list((root / "algolab-live").iterdir()) == []


def test_the_databases_verifier_is_the_one_that_postgresql_itself_makes_of_the_password() -> None:
    """PENCIL is from a server, made with `ALTER ROLE … PASSWORD 'pencil'`."""
    salt = base64.b64decode(PENCIL.split("$")[1].partition(":")[2])
    assert make_secrets.scram_verifier_of("pencil", salt) == PENCIL


def test_the_databases_verifiers_follow_their_passwords_and_say_nothing_of_them(root: Path) -> None:
    make_secrets.make_all()
    first = [(root / name).read_text() for name in make_secrets.SCRAM_VERIFIERS]
    make_secrets.make_all()
    assert [(root / name).read_text() for name in make_secrets.SCRAM_VERIFIERS] == first
    (root / "ledger-executor/password").write_text("another")
    make_secrets.make_all()
    owner, executor = ((root / name).read_text() for name in make_secrets.SCRAM_VERIFIERS)
    assert owner == first[0]
    assert executor == make_secrets.scram_verifier_of("another") != first[1]
    assert "another" not in executor


def test_the_key_of_the_evidence_is_a_fresh_ed25519_key_that_openssl_reads(root: Path) -> None:
    assert make_secrets.make_all() == 0
    path = root / "evidence-key/key.pem"
    told = subprocess.run(["openssl", "pkey", "-in", str(path), "-noout", "-text"], capture_output=True, check=True)
    assert told.stdout.startswith(b"ED25519 Private-Key")
    assert path.read_text() != make_secrets.random_signing_key()


def test_a_key_that_was_rotated_is_kept_and_its_folder_can_be_written_by_the_canary(root: Path) -> None:
    rotated = root / "evidence-key/key.pem"
    rotated.write_text(key := make_secrets.random_signing_key())
    rotated.chmod(0o400)
    assert make_secrets.make_all() == 0
    assert rotated.read_text() == key
    assert rotated.parent.stat().st_mode & 0o777 == 0o777
