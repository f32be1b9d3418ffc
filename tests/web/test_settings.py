from __future__ import annotations

from pathlib import Path

import pytest

from common.settings import SettingsError
from common.verifier import verifier_of
from tests.init.receivers import RIGHT_ADDRESSES, WRONG_ADDRESSES
from web.settings import Settings


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "verifier"
    file.write_text(f"{verifier_of('secret-of-the-test')}\n")
    return dict.fromkeys(("SPARK_ALERT_VERIFIER_FILE", "SPARK_OPERATOR_VERIFIER_FILE"), str(file))


def test_the_defaults_are_the_addresses_inside_the_stack(files: dict[str, str]) -> None:
    settings = Settings.from_environment(files)
    assert (settings.service.name, settings.service.market) == ("web", "simulated")
    assert settings.alert_verifier == settings.operator_verifier == verifier_of("secret-of-the-test")
    assert settings.public_url == ""
    assert settings.readiness_urls() == {
        "marketdata": "http://marketdata:5001/readyz",
        "executor-1": "http://executor-1:4001/readyz",
        "executor-2": "http://executor-2:4001/readyz",
        "canary": "http://canary:6001/readyz",
        "prometheus": "http://prometheus:9090/-/ready",
        "alertmanager": "http://alertmanager:9093/-/ready",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPARK_MARKET", "real"),
        ("SPARK_MARKETDATA_URL", "marketdata:5001"),
        ("SPARK_EXECUTOR_URLS", "http://executor-1:4001,executor-2"),
        ("SPARK_EXECUTOR_URLS", "http://executor-1:4001,"),
        ("SPARK_EXECUTOR_URLS", "http://executor-1:4001,http://executor-1:4001/"),
        ("SPARK_EXECUTOR_URLS", "http://executor-1:4001,http://executor-2:port"),
        ("SPARK_CANARY_URL", "ftp://canary"),
        ("SPARK_QUOTE_STALE_SECONDS", "NaN"),
        ("SPARK_QUOTE_STALE_SECONDS", "0"),
        ("SPARK_QUOTE_STALE_SECONDS", "-0.5"),
        ("SPARK_RECYCLE_MIB", "-1"),
        ("SPARK_ALERT_VERIFIER_FILE", "/does/not/exist"),
        ("SPARK_OPERATOR_VERIFIER_FILE", "/does/not/exist"),
        ("SPARK_PUBLIC_URL", "spark.example"),
        ("SPARK_PUBLIC_URL", "javascript://x"),
        ("SPARK_PUBLIC_URL", "https://spark.example/?a=b"),
        ("SPARK_HEARTBEAT", "yes"),
        ("SPARK_HEARTBEAT", "off"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(files: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(SettingsError) as failure:
        Settings.from_environment(files | {name: value})
    assert name in str(failure.value)
    assert "secret-of-the-test" not in str(failure.value)


@pytest.mark.parametrize("name", ["SPARK_ALERT_VERIFIER_FILE", "SPARK_OPERATOR_VERIFIER_FILE"])
def test_both_verifiers_are_required(files: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment(files | {name: ""})


def test_an_executors_address_may_end_in_a_slash_and_have_blanks_around_it(files: dict[str, str]) -> None:
    urls = "http://executor-1:4001/ , http://executor-2:4001/"
    settings = Settings.from_environment({**files, "SPARK_EXECUTOR_URLS": urls})
    assert settings.executor_urls == ("http://executor-1:4001", "http://executor-2:4001")
    assert settings.readiness_urls()["executor-2"] == "http://executor-2:4001/readyz"


def test_all_wrong_settings_are_told_together() -> None:
    wrong = {"SPARK_EXECUTOR_URLS": "executor-1", "SPARK_MARKET": "real", "SPARK_CANARY_URL": "canary"}
    with pytest.raises(SettingsError) as failure:
        Settings.from_environment(wrong)
    assert {line.split("=")[0].split(" ")[0] for line in str(failure.value).splitlines()} == {
        *wrong,
        "SPARK_ALERT_VERIFIER_FILE",
        "SPARK_OPERATOR_VERIFIER_FILE",
    }


def heartbeat_fault(files: dict[str, str], address: Path) -> str:
    """The one sentence that a heartbeat which is on is refused with."""
    on = {"SPARK_HEARTBEAT": "on", "SPARK_HEARTBEAT_URL_FILE": str(address)}
    with pytest.raises(SettingsError) as failure:
        Settings.from_environment(files | on)
    (sentence,) = str(failure.value).splitlines()
    return sentence


def test_the_outside_heartbeat_is_off_by_default_and_then_needs_no_address(files: dict[str, str]) -> None:
    assert Settings.from_environment(files).heartbeat_file is None
    assert Settings.from_environment(files | {"SPARK_HEARTBEAT": ""}).heartbeat_file is None


def test_an_outside_heartbeat_without_its_address_says_which_command_gives_it(
    files: dict[str, str], tmp_path: Path
) -> None:
    told = "SPARK_HEARTBEAT=on: there is no secret address: run make receiver-secret RECEIVER=heartbeat"
    assert heartbeat_fault(files, tmp_path / "none") == told
    (tmp_path / "empty").write_text("\n")
    assert heartbeat_fault(files, tmp_path / "empty") == told


@pytest.mark.parametrize("address", WRONG_ADDRESSES)
def test_a_wrong_address_of_the_outside_heartbeat_is_told_and_never_shown(
    files: dict[str, str], tmp_path: Path, address: str
) -> None:
    file = tmp_path / "heartbeat"
    file.write_text(address)
    told = heartbeat_fault(files, file)
    assert "must begin with http:// or https://" in told
    assert address not in told


@pytest.mark.parametrize("address", RIGHT_ADDRESSES)
def test_a_right_address_of_the_outside_heartbeat_is_taken(files: dict[str, str], tmp_path: Path, address: str) -> None:
    file = tmp_path / "heartbeat"
    file.write_text(address)
    on = {"SPARK_HEARTBEAT": "on", "SPARK_HEARTBEAT_URL_FILE": str(file)}
    assert Settings.from_environment(files | on).heartbeat_file == file
