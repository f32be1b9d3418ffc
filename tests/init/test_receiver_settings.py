"""A wrong setting of a receiver is told in one sentence, and nothing is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from init.receivers import render, secrets
from init.receivers.__main__ import take_secret, write_configuration
from init.receivers.names import RECEIVERS, SERVICES, Receiver
from init.receivers.settings import Settings, SettingsError
from tests.init.receivers import RIGHT_ADDRESSES, SECRETS, WRONG_ADDRESSES, environment, keep_secrets
from tests.yaml_file import parsed

ROOT = Path(__file__).parents[2]
WRONG = {
    "SPARK_RECEIVERS": ["slack,fax", "slack,slack", "slack,", "Slack", "all"],
    "SPARK_WARNINGS_TO": ["fax", "email,email"],
    "SPARK_ESCALATE_TO": ["nobody", "slack,teams"],
    "SPARK_RECEIVER_SERVICES": ["slack", "slack=", "fax=web", "slack=webb", "slack=web+", "slack=web,slack=web"],
    "SPARK_QUIET_HOURS": ["22:00", "22:00-22:00", "24:00-07:00", "22-7", "22:00-07:60", "10pm-7am"],
    "SPARK_TIMEZONE": ["Istanbul", "Europe", "../etc/passwd", "/etc/localtime", 'UTC" }}'],
    "SPARK_PUBLIC_URL": [
        "spark.example",
        "ftp://spark.example",
        "https://",
        'https://x/"}}{{',
        "https://x y",
        "http://x?a=b",
    ],
    "SPARK_PORT_GRAFANA": ["0", "x", "65536"],
    "SPARK_LINK_HOST": ["a b", "{{ . }}", "host/path"],
    "SPARK_EMAIL_TO": ["me", "me@", "me@mail.example,,you@mail.example", "{{ x }}@y", "a@b\nBcc: c@d"],
    "SPARK_EMAIL_FROM": ["spark", "Spark <spark@mail.example>"],
    "SPARK_EMAIL_SERVER": ["smtp.mail.example", "smtp.mail.example:0", "smtp.mail.example:99999", "smtp://x:25", ":25"],
    "SPARK_EMAIL_TLS": ["on", "ssl"],
    "SPARK_EMAIL_USER": ["two words", "{{ . }}"],
    "SPARK_TELEGRAM_CHAT": ["@spark", "-100x", "1.5", "1e3"],
    "SPARK_TELEGRAM_THREAD": ["x", "-5", "0"],
    "SPARK_TELEGRAM_URL": ["api.telegram.org"],
    "SPARK_PAGERDUTY_URL": ["events.pagerduty.com", "https://x/?a=b"],
    "SPARK_JIRA_URL": ["api.atlassian.com"],
    "SPARK_WEBHOOK_URL": ["hook.example", "https://hook.example/{{ .Status }}", "https://me:pw@hook.example"],
}
WRONG_SECRETS: dict[Receiver, list[str]] = {
    "email": ["", "two\nlines"],
    "slack": ["", "xoxb-token", "https://hooks.slack.example/a b"],
    "pagerduty": ["", "short", "x" * 33],
    "telegram": ["", "987654", "bot123:abc def"],
    "jira": ["", "x", "with blank inside"],
    "teams": ["", "teams.example"],
    "webhook": ["", "two words"],
}
REQUIRED = ["SPARK_EMAIL_TO", "SPARK_EMAIL_FROM", "SPARK_EMAIL_SERVER", "SPARK_TELEGRAM_CHAT"]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return keep_secrets(tmp_path / "secrets")


def faults(given: dict[str, str], folder: Path) -> list[str]:
    """The sentences that the settings are refused with."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(given, folder)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_setting_is_one_sentence_with_its_name(kept: Path, name: str, value: str) -> None:
    told = faults(environment() | {name: value}, kept)
    assert len(told) == 1, told
    assert told[0].startswith(name)
    assert re.search(r": .*must|is set and", told[0]), told
    assert "pw" not in told[0]


@pytest.mark.parametrize("name", REQUIRED)
def test_a_setting_without_which_a_receiver_is_nowhere_is_asked_for(kept: Path, name: str) -> None:
    given = environment()
    del given[name]
    assert faults(given, kept) == [f"{name} is not set: it is required and must not be empty"]


@pytest.mark.parametrize(
    ("receiver", "secret"), [(name, secret) for name, secrets_ in WRONG_SECRETS.items() for secret in secrets_]
)
def test_a_missing_or_wrong_secret_is_told_and_never_shown(kept: Path, receiver: Receiver, secret: str) -> None:
    (kept / receiver).write_text(secret)
    (told,) = faults(environment(), kept)
    assert receiver in told
    assert "make receiver-secret" in told
    assert not secret or secret not in told
    (kept / receiver).unlink()
    assert faults(environment(), kept) == [
        f"{receiver} is on and has no secret: run make receiver-secret RECEIVER={receiver}"
    ]


def test_a_webhook_without_an_address_has_it_in_its_secret(kept: Path) -> None:
    given = environment("webhook", SPARK_WEBHOOK_URL="")
    (told,) = faults(given, kept)
    assert told.startswith("the secret of webhook is wrong: it must be the whole address")
    (kept / "webhook").write_text("https://hook.example/secret?x=y")
    assert Settings.from_environment(given, kept).is_address("webhook")


def test_a_password_without_tls_is_refused_but_for_this_machine(kept: Path) -> None:
    assert faults(environment(SPARK_EMAIL_TLS="none"), kept)[0].startswith("SPARK_EMAIL_TLS='none'")
    Settings.from_environment(environment(SPARK_EMAIL_TLS="none", SPARK_EMAIL_SERVER="127.0.0.1:25"), kept)
    Settings.from_environment(environment(SPARK_EMAIL_TLS="none", SPARK_EMAIL_USER=""), kept)


def test_mail_without_a_login_needs_no_secret(kept: Path) -> None:
    (kept / "email").unlink()
    assert Settings.from_environment(environment("email", SPARK_EMAIL_USER=""), kept).on == ("email",)


def test_who_escalates_must_be_able_to_page_at_all(kept: Path) -> None:
    (told,) = faults({"SPARK_ESCALATE_TO": "slack"}, kept)
    assert told.startswith("SPARK_ESCALATE_TO is set and SPARK_RECEIVERS is empty")


def test_warnings_go_to_receivers_that_are_on(kept: Path) -> None:
    assert faults(environment("slack", SPARK_WARNINGS_TO="slack,teams"), kept) == [
        "SPARK_WARNINGS_TO='slack,teams': teams must be in SPARK_RECEIVERS too"
    ]


def test_all_faults_are_told_together(kept: Path) -> None:
    told = faults(environment(SPARK_QUIET_HOURS="x", SPARK_TIMEZONE="y", SPARK_EMAIL_TO="z"), kept)
    assert len(told) == 3


def test_the_services_are_those_that_prometheus_scrapes() -> None:
    scraped = parsed(ROOT / "prometheus/prometheus.yml")["scrape_configs"]
    labels = {each["labels"]["service"] for job in scraped for each in job["static_configs"]}
    assert labels == set(SERVICES)


def test_a_wrong_setting_writes_nothing_and_the_old_configuration_stays(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment("slack").items():
        monkeypatch.setenv(name, value)
    assert write_configuration(tmp_path, kept) == 0
    before = {name: (tmp_path / name).read_text() for name in (render.CONFIGURATION, render.WORDS)}
    assert "wrote alertmanager's configuration: slack" in capsys.readouterr().out
    monkeypatch.setenv("SPARK_TIMEZONE", "Nowhere")
    assert write_configuration(tmp_path, kept) == 1
    assert capsys.readouterr().err.startswith(
        "a setting is wrong: SPARK_TIMEZONE='Nowhere': must be a time zone's name"
    )
    assert {name: (tmp_path / name).read_text() for name in before} == before
    monkeypatch.setenv("SPARK_TIMEZONE", "UTC")
    assert write_configuration(tmp_path, kept) == 0
    assert (tmp_path / render.WORDS).read_text() != before[render.WORDS]


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_a_secret_is_taken_when_it_has_the_receivers_form(
    tmp_path: Path, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    assert take_secret(receiver, f" {SECRETS[receiver]}\n", tmp_path) == 0
    assert (tmp_path / receiver).read_text() == SECRETS[receiver]
    for wrong in WRONG_SECRETS[receiver]:
        assert take_secret(receiver, wrong, tmp_path) == 1
    assert (tmp_path / receiver).read_text() == SECRETS[receiver]
    said = capsys.readouterr()
    assert SECRETS[receiver] not in said.out + said.err
    assert {path.name for path in tmp_path.iterdir()} == {receiver}


@pytest.mark.parametrize("name", ["", "fax", "../operator/token", "slack\n"])
def test_a_secret_of_no_receiver_is_refused(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert take_secret(name, "x" * 32, tmp_path) == 1
    assert "must be one of email, slack" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_secret_that_is_too_long_is_refused() -> None:
    assert not secrets.is_right("email", "x" * (secrets.LONGEST + 1))


@pytest.mark.parametrize("address", RIGHT_ADDRESSES)
def test_the_address_of_the_outside_heartbeat_is_taken_and_never_shown(
    tmp_path: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert take_secret("heartbeat", f"{address}\n", tmp_path) == 0
    assert (tmp_path / "heartbeat").read_text() == address
    for wrong in (*WRONG_ADDRESSES, "", "https://ping.example/two words"):
        assert take_secret("heartbeat", wrong, tmp_path) == 1
    assert (tmp_path / "heartbeat").read_text() == address
    said = capsys.readouterr()
    assert address not in said.out + said.err
    assert "the secret of heartbeat must be the address to ping" in said.err


def test_the_address_of_the_outside_heartbeat_lies_apart_from_the_secrets_of_receivers() -> None:
    assert secrets.folder_of("heartbeat") == Path("/secrets/heartbeat")
    assert {secrets.folder_of(name) for name in RECEIVERS} == {Path("/secrets/receivers")}


def test_the_outside_heartbeat_is_no_receiver(kept: Path) -> None:
    (told,) = faults(environment(SPARK_RECEIVERS="slack,heartbeat"), kept)
    assert told.startswith("SPARK_RECEIVERS='slack,heartbeat': must be some of email, slack")
