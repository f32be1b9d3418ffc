"""The rendered configuration: the repository's own file with the receivers and routes of the settings in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from init.receivers import render
from init.receivers.names import RECEIVERS, Receiver
from init.receivers.settings import Settings
from tests.init.receivers import SECRETS, environment, keep_secrets

BASE = (Path(__file__).parents[2] / "alertmanager/alertmanager.yml").read_text()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return keep_secrets(tmp_path / "secrets")


def rendered(kept: Path, given: dict[str, str]) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(render.configuration(BASE, Settings.from_environment(given, kept)))
    return loaded


def routes_of(configuration: dict[str, Any], receiver: str) -> list[dict[str, Any]]:
    return [route for route in configuration["route"]["routes"] if route["receiver"] == receiver]


def test_without_receivers_the_configuration_is_the_repositorys_own(kept: Path) -> None:
    assert rendered(kept, {}) == yaml.safe_load(BASE) | {"templates": [render.TEMPLATES, render.WORDS]}


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_a_receiver_is_on_alone(kept: Path, receiver: Receiver) -> None:
    configuration = rendered(kept, environment(receiver))
    names = [each["name"] for each in configuration["receivers"]]
    assert names == ["console", "watchdog", "nobody", receiver]
    (block,) = next(value for key, value in configuration["receivers"][-1].items() if key != "name")
    assert block["send_resolved"] is True
    assert f"/run/secrets/spark-receivers/{receiver}" in str(block)
    assert SECRETS[receiver] not in render.configuration(BASE, Settings.from_environment(environment(receiver), kept))


def test_the_watchdog_and_infos_stay_before_all_receivers_and_the_inbox_gets_all_after_them(kept: Path) -> None:
    routes = rendered(kept, environment(SPARK_WARNINGS_TO="slack"))["route"]["routes"]
    assert [route["receiver"] for route in routes[:2]] == ["watchdog", "nobody"]
    assert [route["receiver"] for route in routes[-2:]] == ["console", "console"]
    assert list(routes[-1]) == ["receiver"]
    assert all(route["continue"] for route in routes[2:-2])


def test_a_receiver_gets_criticals_and_warnings_only_where_they_are_asked_for(kept: Path) -> None:
    configuration = rendered(kept, environment("slack", "teams", SPARK_WARNINGS_TO="teams"))
    severities = {
        name: [route["matchers"][0] for route in routes_of(configuration, name)[1:]] for name in ("slack", "teams")
    }
    assert severities == {
        "slack": ['severity = "critical"'],
        "teams": ['severity = "critical"', 'severity = "warning"'],
    }


def test_the_end_of_a_critical_is_told_within_half_a_minute_and_of_a_warning_within_a_minute(kept: Path) -> None:
    given = environment("slack", "teams", SPARK_WARNINGS_TO="slack", SPARK_ESCALATE_TO="teams")
    configuration = rendered(kept, given)
    of_all = configuration["route"]["group_interval"]
    routes = [route for name in ("slack", "teams") for route in routes_of(configuration, name)[1:]]
    intervals = {route["matchers"][0]: route.get("group_interval", of_all) for route in routes}
    assert intervals == {
        'severity = "critical"': "30s",
        'alertname = "CriticalNotAcknowledged"': "30s",
        'severity = "warning"': "1m",
    }


def test_a_receiver_is_limited_to_services(kept: Path) -> None:
    configuration = rendered(
        kept, environment("slack", "teams", SPARK_WARNINGS_TO="slack", SPARK_RECEIVER_SERVICES="slack=web+executor")
    )
    limited = [route["matchers"][-1] for route in routes_of(configuration, "slack")[1:]]
    assert limited == ['service =~ "web|executor"'] * 2
    assert "service" not in str(routes_of(configuration, "teams"))


def test_only_warnings_are_muted_in_quiet_hours_and_midnight_parts_them_in_two(kept: Path) -> None:
    given = environment("slack", SPARK_WARNINGS_TO="slack", SPARK_QUIET_HOURS="22:00-07:00")
    configuration = rendered(kept, given)
    muted = {route["matchers"][0] for route in routes_of(configuration, "slack") if "mute_time_intervals" in route}
    assert muted == {'severity = "warning"'}
    (interval,) = configuration["time_intervals"]
    assert interval["time_intervals"] == [
        {
            "times": [
                {"start_time": "22:00", "end_time": "24:00"},
                {"start_time": "00:00", "end_time": "07:00"},
            ],
            "location": "Europe/Istanbul",
        }
    ]


@pytest.mark.parametrize(
    ("hours", "times"), [("12:00-13:30", [("12:00", "13:30")]), ("22:00-00:00", [("22:00", "24:00")])]
)
def test_quiet_hours_of_one_day_are_one_range(kept: Path, hours: str, times: list[tuple[str, str]]) -> None:
    configuration = rendered(kept, environment("slack", SPARK_QUIET_HOURS=hours))
    found = configuration["time_intervals"][0]["time_intervals"][0]["times"]
    assert [(each["start_time"], each["end_time"]) for each in found] == times


def test_what_nobody_acknowledged_goes_to_the_second_receiver_alone(kept: Path) -> None:
    given = environment("slack", "teams", SPARK_ESCALATE_TO="pagerduty")
    configuration = rendered(kept, given)
    escalation = 'alertname = "CriticalNotAcknowledged"'
    assert [route["matchers"] for route in routes_of(configuration, "pagerduty")] == [
        ['alertname = "PageTest"'],
        [escalation],
    ]
    for name in ("slack", "teams"):
        assert 'alertname !~ "PageTest|CriticalNotAcknowledged"' in routes_of(configuration, name)[1]["matchers"]
    without = rendered(kept, environment("slack"))
    assert 'alertname !~ "PageTest"' in routes_of(without, "slack")[1]["matchers"]


def test_a_topic_of_telegram_is_left_out_where_there_is_none(kept: Path) -> None:
    (block,) = rendered(kept, environment("telegram"))["receivers"][-1]["telegram_configs"]
    assert (block["chat_id"], block["message_thread_id"]) == (-1001234567890, 5)
    (block,) = rendered(kept, environment("telegram", SPARK_TELEGRAM_THREAD=""))["receivers"][-1]["telegram_configs"]
    assert "message_thread_id" not in block


@pytest.mark.parametrize(
    ("tls", "wanted"), [("starttls", (True, False)), ("implicit", (False, True)), ("none", (False, False))]
)
def test_mail_is_sent_with_the_tls_of_the_setting(kept: Path, tls: str, wanted: tuple[bool, bool]) -> None:
    (block,) = rendered(kept, environment("email", SPARK_EMAIL_TLS=tls, SPARK_EMAIL_USER=""))["receivers"][-1][
        "email_configs"
    ]
    assert (block["require_tls"], block["force_implicit_tls"]) == wanted
    assert "auth_username" not in block


@pytest.mark.parametrize(
    ("given", "links"),
    [
        ({}, ("http://127.0.0.1:3003", "http://127.0.0.1:3000", "http://127.0.0.1:9093")),
        (
            {"SPARK_TLS": "on", "SPARK_LINK_HOST": "spark.example", "SPARK_PORT_WEB": "13003"},
            ("https://spark.example:13003", "https://spark.example:3000", "https://spark.example:9093"),
        ),
        (
            {"SPARK_PUBLIC_URL": "https://spark.example/", "SPARK_PORT_GRAFANA": "13000"},
            ("https://spark.example", "https://spark.example:13000", "https://spark.example:9093"),
        ),
        (
            {"SPARK_PUBLIC_URL": "http://[::1]:3003"},
            ("http://[::1]:3003", "http://[::1]:3000", "http://[::1]:9093"),
        ),
    ],
)
def test_links_begin_with_the_public_address_or_the_published_ports(
    kept: Path, given: dict[str, str], links: tuple[str, str, str]
) -> None:
    found = Settings.from_environment(given, kept).links
    assert (found.console, found.grafana, found.alertmanager) == links
    assert all(f"}}}}{link}{{{{" in render.words(Settings.from_environment(given, kept)) for link in links)


def test_a_base_without_its_places_is_refused(kept: Path) -> None:
    settings = Settings.from_environment({}, kept)
    for place in (render.ROUTES_HERE, render.RECEIVERS_HERE):
        with pytest.raises(ValueError, match="the base file must have the line"):
            render.configuration(BASE.replace(place, ""), settings)


def test_the_same_settings_write_nothing_anew(kept: Path, tmp_path: Path) -> None:
    settings = Settings.from_environment(environment(), kept)
    assert render.write(tmp_path, BASE, settings)
    assert not render.write(tmp_path, BASE, settings)
    assert oct((tmp_path / render.CONFIGURATION).stat().st_mode)[-3:] == "444"
