"""Settings: defaults, and faults that name the variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from canary.probes.source import Declared, ProbeSource
from canary.settings import Settings
from common.settings import SettingsError
from tests.repo import compose

UNASKED = {"postgres"} | compose.one_shots()


def declared(**environment: str) -> Declared:
    settings = Settings.from_environment(environment)
    constants = settings.limits.constants()
    return ProbeSource(settings.probes_file, constants, settings.addresses, settings.service.market).read()


def test_the_defaults_are_the_whole_simulated_stack() -> None:
    settings = Settings.from_environment({})
    urls = declared().plan.targets
    assert set(urls) == set(compose.services()) - UNASKED
    ours = {name: f"http://{name}:{port}" for name, port in compose.listening().items()}
    assert urls == {**urls, **ours, "canary": f"http://127.0.0.1:{settings.port}"}
    assert (settings.interval, settings.timeout, settings.limits.p95_seconds) == (10.0, 5.0, 1.0)
    assert settings.docker_url == "tcp://docker-proxy:2375"


def test_in_the_live_market_there_is_no_venue_of_ours_to_probe_and_none_is_missed() -> None:
    plan = declared(SPARK_MARKET="live").plan
    assert "venue" not in plan.targets
    assert plan.left_out == ()


def test_targets_that_a_setting_leaves_out_are_known_by_name() -> None:
    plan = declared(SPARK_PROBE_TARGETS="web=http://web:3003").plan
    assert {"marketdata", "executor-1", "prometheus"} <= set(plan.left_out)
    assert {one.target for one in plan.probes} == {"web"}


def test_the_engine_can_be_switched_off() -> None:
    assert Settings.from_environment({"SPARK_DOCKER_URL": "none"}).docker_url is None


def test_the_key_for_orders_is_read_from_its_file_and_is_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "token"
    with pytest.raises(SettingsError, match=r"SPARK_TRADER_TOKEN_FILE=.*can't be read"):
        Settings.from_environment({"SPARK_TRADER_TOKEN_FILE": str(file)})
    file.write_text("the-key\n")
    settings = Settings.from_environment({"SPARK_TRADER_TOKEN_FILE": str(file)})
    assert (settings.trader_token, "the-key" in repr(settings)) == ("the-key", False)
    assert Settings.from_environment({}).trader_token == ""


def test_targets_are_read_without_their_last_slash() -> None:
    settings = Settings.from_environment({"SPARK_PROBE_TARGETS": "web=http://web:3003/, a-1=http://10.0.0.1:80"})
    assert settings.addresses == {"web": "http://web:3003", "a-1": "http://10.0.0.1:80"}


@pytest.mark.parametrize(
    "entry",
    [
        "web",
        "=http://web:1",
        "web=",
        "web=https://web:1",
        "web=ftp://web",
        "web=http://",
        "web=http://web:99999",
        "web=http://web:1/path",
        "web=http://web:1?x=1",
        "../web=http://web:1",
        "Web=http://web:1",
        "web=http://a:1,web=http://b:1",
    ],
)
def test_a_wrong_target_is_refused_by_name(entry: str) -> None:
    with pytest.raises(SettingsError, match="SPARK_PROBE_TARGETS"):
        Settings.from_environment({"SPARK_PROBE_TARGETS": entry})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPARK_PROBE_INTERVAL_SECONDS", "0"),
        ("SPARK_PROBE_INTERVAL_SECONDS", "61"),
        ("SPARK_PROBE_TIMEOUT_SECONDS", "NaN"),
        ("SPARK_P95_LIMIT_SECONDS", "-1"),
        ("SPARK_RESTART_BUDGET", "many"),
        ("SPARK_MARKET", "real"),
        ("SPARK_DOCKER_URL", "docker-proxy:2375"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({name: value})


def test_all_wrong_settings_are_told_together() -> None:
    wrong = {
        "SPARK_PROBE_TARGETS": "web=https://web:1,venue,a=http://a:1,a=http://b:1",
        "SPARK_PROBE_TIMEOUT_SECONDS": "-0.5",
        "SPARK_P95_LIMIT_SECONDS": "-0.5",
        "SPARK_MARKET": "real",
        "SPARK_RECYCLE_MIB": "-1",
        "PORT": "0",
    }
    with pytest.raises(SettingsError) as told:
        Settings.from_environment(wrong)
    faults = str(told.value).splitlines()
    assert {fault.partition("=")[0].partition(" ")[0] for fault in faults} == wrong.keys()
    assert len([fault for fault in faults if fault.startswith("SPARK_PROBE_TARGETS")]) == 3
