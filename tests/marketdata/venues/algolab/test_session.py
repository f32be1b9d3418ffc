"""The session over real HTTP against the simulated broker: two steps, a file, and never a login in a loop."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from common.clock import SYSTEM_CLOCK
from common.errors import Unavailable
from marketdata.link.connection import NotReady
from marketdata.outbound import Access
from marketdata.rest.budget import Budget, Limit
from marketdata.rest.client import RestClient
from marketdata.rest.replies import RestUnauthorized
from marketdata.venues.algolab import answers, endpoints
from marketdata.venues.algolab.counters import AlgolabCounters
from marketdata.venues.algolab.credentials import Credentials
from marketdata.venues.algolab.session import MOST_CODES, LoginRefused, Session, WrongStep
from marketdata.venues.algolab.vault import Vault
from tests.marketdata.venues.algolab.rig import OURS
from tests.venue.algolab.rig import Bist, running_bist


@pytest.fixture(scope="module")
def running() -> Iterator[Bist]:
    with running_bist() as bist:
        yield bist


@pytest.fixture
def bist(running: Bist) -> Iterator[Bist]:
    yield running
    running.faults.clear()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "session.json"


def session_at(
    url: str, file: Path, *, credentials: Credentials = OURS, ready: str = "", doubled_path: bool = False
) -> Session:
    budget = Budget({"customer": Limit(1000, 1.0)}, monotonic=time.monotonic)
    client = RestClient(
        url,
        dict.fromkeys(endpoints.CALLS, ("customer",)),
        budget=budget,
        clock=SYSTEM_CLOCK,
        access=Access(credentials=True),
    )
    return Session(
        credentials,
        rest_client=client,
        vault=Vault(file, credentials.api_key),
        counters=AlgolabCounters(),
        unix=time.time,
        ready=ready,
        doubled_path=doubled_path,
    )


def log_in(session: Session, bist: Bist) -> None:
    session.login()
    session.sms(bist.accounts.phone() or "")


def test_two_steps_lead_to_a_session_that_the_venue_takes(bist: Bist, file: Path) -> None:
    session = session_at(bist.rest_url, file)
    assert session.status().state == "AUTH_REQUIRED"
    assert session.login().state == "SMS_SENT"
    assert session.token() is None
    assert session.sms(bist.accounts.phone() or "").state == "ACTIVE"
    assert answers.read_refresh(session.call(endpoints.REFRESH, endpoints.body()))
    assert answers.read_equity(session.call(endpoints.EQUITY, endpoints.body(symbol="THYAO"))).ceiling > 0
    assert session.trouble() is None


def test_a_session_is_kept_over_a_restart_in_a_file_of_our_own(bist: Bist, file: Path) -> None:
    first = session_at(bist.rest_url, file)
    log_in(first, bist)
    assert file.stat().st_mode & 0o777 == 0o600
    again = session_at(bist.rest_url, file)
    assert (again.status().state, again.token()) == ("ACTIVE", first.token())
    assert answers.read_refresh(again.call(endpoints.REFRESH, endpoints.body()))


def test_a_kept_session_belongs_to_its_api_key(bist: Bist, file: Path) -> None:
    log_in(session_at(bist.rest_url, file), bist)
    other = replace(OURS, api_key=OURS.api_key.replace("AAEC", "BBEC"))
    assert session_at(bist.rest_url, file, credentials=other).status().state == "AUTH_REQUIRED"


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\x00", b'{"fingerprint":1}'])
def test_a_file_that_holds_no_session_is_no_session(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert session_at("http://127.0.0.1:9", file).status().state == "AUTH_REQUIRED"


def test_a_disk_that_takes_nothing_does_not_stop_a_login(bist: Bist, tmp_path: Path) -> None:
    session = session_at(bist.rest_url, tmp_path / "missing" / "session.json")
    log_in(session, bist)
    assert session.status().state == "ACTIVE"


def test_a_401_ends_the_session_and_nothing_logs_in(bist: Bist, file: Path) -> None:
    session = session_at(bist.rest_url, file)
    log_in(session, bist)
    bist.accounts.expire()
    logins = bist.accounts.phone()
    for _ in range(3):
        with pytest.raises((RestUnauthorized, NotReady)):
            session.call(endpoints.REFRESH, endpoints.body())
    assert session.status().state == "AUTH_REQUIRED"
    assert not file.exists()
    assert bist.accounts.phone() == logins


def test_a_late_401_of_an_old_session_does_not_end_the_new_one(bist: Bist, file: Path) -> None:
    session = session_at(bist.rest_url, file)
    log_in(session, bist)
    old = session.token()
    session.lost(old, "gone")
    log_in(session, bist)
    session.lost(old, "a late answer")
    assert session.status().state == "ACTIVE"


def test_a_kept_session_that_is_over_gives_way_to_the_one_that_the_operator_brought(bist: Bist, file: Path) -> None:
    log_in(session_at(bist.rest_url, file), bist)
    session = session_at(bist.rest_url, file, ready=bist.session())
    with pytest.raises(RestUnauthorized):
        session.call(endpoints.REFRESH, endpoints.body())
    assert session.status().state == "ACTIVE"
    assert answers.read_refresh(session.call(endpoints.REFRESH, endpoints.body()))


def test_wrong_credentials_are_refused_with_the_venues_words(bist: Bist, file: Path) -> None:
    session = session_at(bist.rest_url, file, credentials=replace(OURS, password="wrong"))
    with pytest.raises(LoginRefused, match="password is wrong"):
        session.login()
    assert session.status().state == "REFUSED"


def test_a_key_that_the_venue_does_not_know_is_refused(bist: Bist, file: Path) -> None:
    other = replace(OURS, api_key=OURS.api_key.replace("AAEC", "BBEC"))
    session = session_at(bist.rest_url, file, credentials=other)
    with pytest.raises(LoginRefused):
        session.login()
    assert session.status().state == "REFUSED"


def test_a_wrong_code_may_be_followed_by_another_a_few_times(bist: Bist, file: Path) -> None:
    session = session_at(bist.rest_url, file)
    session.login()
    for attempt in range(MOST_CODES):
        assert session.status().state == "SMS_SENT", attempt
        with pytest.raises(LoginRefused, match="code is wrong"):
            session.sms("wrong")
    assert session.status().state == "AUTH_REQUIRED"


def test_steps_out_of_turn_are_not_taken(bist: Bist, file: Path) -> None:
    session = session_at(bist.rest_url, file)
    with pytest.raises(WrongStep, match="AUTH_REQUIRED"):
        session.sms("123456")
    log_in(session, bist)
    with pytest.raises(WrongStep, match="ACTIVE"):
        session.login()


@pytest.mark.parametrize("missing", ["api_key", "username", "password"])
def test_without_credentials_there_is_nothing_to_do(file: Path, missing: str) -> None:
    session = session_at("http://127.0.0.1:9", file, credentials=replace(OURS, **{missing: ""}))
    assert session.status().state == "NO_CREDENTIALS"
    with pytest.raises(WrongStep):
        session.login()
    with pytest.raises(NotReady):
        session.socket_headers()


def test_a_venue_that_does_not_answer_changes_nothing(bist: Bist, file: Path) -> None:
    session = session_at(bist.rest_url, file)
    bist.faults.arm("rest_status", status=500, endpoint="LoginUser")
    with pytest.raises(Unavailable):
        session.login()
    assert session.status().state == "AUTH_REQUIRED"


def test_a_signature_over_the_doubled_path_can_be_chosen(bist: Bist, file: Path) -> None:
    session = session_at(bist.rest_url, file, ready=bist.session(), doubled_path=True)
    with pytest.raises(RestUnauthorized):
        session.call(endpoints.REFRESH, endpoints.body())


def test_no_secret_is_shown_or_logged(bist: Bist, file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "marketdata")
    session = session_at(bist.rest_url, file)
    log_in(session, bist)
    token = session.token() or ""
    session.lost(token, "gone")
    told = repr(OURS) + repr(session.status()) + "".join(str(record.__dict__) for record in caplog.records)
    for secret in (OURS.api_key, OURS.username, OURS.password, token):
        assert secret not in told
