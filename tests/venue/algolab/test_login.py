"""AlgoLab's login: encrypted, in two steps, with a code that only the phone knows."""

from __future__ import annotations

import base64
import dataclasses
import json
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from websockets.sync.client import connect

from tests.venue.algolab.rig import CREDENTIALS, START, Bist, checker, encrypted, post, running_bist, socket_headers
from venue.algolab import crypto
from venue.algolab.accounts import Accounts
from venue.algolab.faults import AlgoLabFaults

USER = {"username": encrypted(CREDENTIALS.username), "password": encrypted(CREDENTIALS.password)}


@pytest.fixture
def bist() -> Iterator[Bist]:
    with running_bist() as running:
        yield running


def _code(bist: Bist) -> str:
    request = urllib.request.Request(bist.sms_url, headers={"APIKEY": CREDENTIALS.api_key})
    with urllib.request.urlopen(request, timeout=10) as reply:
        return str(json.load(reply)["code"])


def _log_in(bist: Bist) -> str:
    status, answer = post(bist, "LoginUser", USER)
    assert (status, answer["success"]) == (200, True)
    control = {"token": encrypted(answer["content"]["token"]), "password": encrypted(_code(bist))}
    status, answer = post(bist, "LoginUserControl", control)
    assert (status, answer["success"]) == (200, True)
    return str(answer["content"]["hash"])


@pytest.mark.parametrize(
    ("endpoint", "body", "expected"),
    [
        ("/ws", "", "31aa67ff575d0767170b5430b6c2e80c9e85b557229366292fad5bb5f005a149"),
        (
            "/api/GetEquityInfo",
            '{"symbol":"TSKB"}',
            "3105bdd3fb9cbe17fb8305e669d8e007269c2e889761854e1f7410d02bf8d69a",
        ),
    ],
)
def test_the_checker_agrees_with_known_values(endpoint: str, body: str, expected: str) -> None:
    assert crypto.checker(CREDENTIALS.api_key, endpoint, body) == expected == checker(endpoint, body)


def test_what_a_client_encrypts_is_read_here() -> None:
    assert crypto.decrypted(CREDENTIALS.api_key, encrypted("şifre-1234567890")) == "şifre-1234567890"


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", base64.b64encode(bytes(16)).decode()])
def test_a_text_that_is_not_encrypted_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        crypto.decrypted(CREDENTIALS.api_key, text)


def test_both_steps_give_a_token_that_the_other_calls_take(bist: Bist) -> None:
    authorization = _log_in(bist)
    header, claims, _ = authorization.split(".")
    padded = claims + "=" * (-len(claims) % 4)
    body = json.loads(base64.urlsafe_b64decode(padded))
    assert body["exp"] - body["nbf"] == 86_400
    assert header
    assert post(bist, "SessionRefresh", {}, authorization) == (200, True)


def test_the_keys_of_a_body_may_be_written_in_any_case(bist: Bist) -> None:
    status, answer = post(bist, "LoginUser", {"Username": USER["username"], "Password": USER["password"]})
    assert (status, answer["success"]) == (200, True)


def test_a_wrong_password_or_a_plain_one_is_refused(bist: Bist) -> None:
    for password in (encrypted("another"), CREDENTIALS.password):
        status, answer = post(bist, "LoginUser", {**USER, "password": password})
        assert (status, answer["success"], answer["content"]) == (200, False, None)


def test_a_wrong_code_is_refused_and_a_right_one_works_once(bist: Bist) -> None:
    token = post(bist, "LoginUser", USER)[1]["content"]["token"]
    code = _code(bist)
    wrong = {"token": encrypted(token), "password": encrypted("x" + code)}
    assert post(bist, "LoginUserControl", wrong)[1]["success"] is False
    right = {"token": encrypted(token), "password": encrypted(code)}
    assert post(bist, "LoginUserControl", right)[1]["success"] is True
    assert post(bist, "LoginUserControl", right)[1]["success"] is False


def test_a_code_is_good_for_three_minutes(bist: Bist) -> None:
    token = post(bist, "LoginUser", USER)[1]["content"]["token"]
    control = {"token": encrypted(token), "password": encrypted(_code(bist))}
    bist.clock.now += 181
    assert post(bist, "LoginUserControl", control)[1]["success"] is False


def test_a_session_ends_when_it_is_not_used_and_lasts_when_it_is_refreshed(bist: Bist) -> None:
    authorization = _log_in(bist)
    for _ in range(3):
        bist.clock.now += 600
        assert post(bist, "SessionRefresh", {}, authorization) == (200, True)
    bist.clock.now += 901
    assert post(bist, "SessionRefresh", {}, authorization)[0] == 401


def test_a_session_ends_after_a_day_in_any_case(bist: Bist) -> None:
    authorization = _log_in(bist)
    for _ in range(86_400 // 800):
        bist.clock.now += 800
        assert bist.accounts.valid(authorization, use=True)
    bist.clock.now += 800
    assert not bist.accounts.valid(authorization, use=True)


def test_a_later_login_ends_the_earlier_session(bist: Bist) -> None:
    first, second = _log_in(bist), _log_in(bist)
    assert post(bist, "SessionRefresh", {}, first)[0] == 401
    assert post(bist, "SessionRefresh", {}, second)[0] == 200


def test_a_session_outlives_a_restart_of_the_server_and_ends_as_ever(bist: Bist) -> None:
    authorization = _log_in(bist)
    with running_bist(start=START + 1200.0) as again:
        assert post(again, "SessionRefresh", {}, authorization) == (200, True)
        with connect(again.ws_url, additional_headers=socket_headers(authorization)):
            pass
        again.clock.now += 901
        assert post(again, "SessionRefresh", {}, authorization)[0] == 401
        assert post(again, "SessionRefresh", {}, authorization)[0] == 401


def test_a_session_of_more_than_a_day_ago_does_not_outlive_a_restart(bist: Bist) -> None:
    authorization = _log_in(bist)
    with running_bist(start=START + 86_401.0) as again:
        assert post(again, "SessionRefresh", {}, authorization)[0] == 401


def test_a_session_that_ended_since_the_restart_does_not_come_back(bist: Bist) -> None:
    authorization = _log_in(bist)
    with running_bist(start=START + 60.0) as again:
        again.accounts.expire()
        assert post(again, "SessionRefresh", {}, authorization)[0] == 401
    with running_bist(start=START + 60.0) as again:
        later = _log_in(again)
        assert post(again, "SessionRefresh", {}, authorization)[0] == 401
        assert post(again, "SessionRefresh", {}, later) == (200, True)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:0],
        lambda token: "." + token[:0] + ".",
        lambda token: token.rpartition(".")[0],
        lambda token: token + "A",
        lambda token: token.replace(token.split(".")[1], base64.urlsafe_b64encode(b'{"nbf": 1}').decode().rstrip("=")),
        lambda token: f"Bearer {token}",
        lambda token: "ş" + token[1:],
    ],
)
def test_only_a_token_of_its_own_is_taken_after_a_restart(bist: Bist, spoil: Callable[[str], str]) -> None:
    authorization = _log_in(bist)
    accounts = Accounts(CREDENTIALS, AlgoLabFaults(), lambda: START + 60.0)
    assert not accounts.valid(spoil(authorization), use=True)
    assert accounts.valid(authorization, use=True)


def test_another_customers_token_or_one_of_the_future_is_not_taken(bist: Bist) -> None:
    authorization = _log_in(bist)
    other = dataclasses.replace(CREDENTIALS, password="secret-2")
    assert not Accounts(other, AlgoLabFaults(), lambda: START + 60.0).valid(authorization, use=True)
    assert not Accounts(CREDENTIALS, AlgoLabFaults(), lambda: START - 60.0).valid(authorization, use=True)
