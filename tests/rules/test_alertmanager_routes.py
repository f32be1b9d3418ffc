"""Alertmanager accepts its configuration and sends each kind of alert where it belongs."""

from typing import Any

import pytest

from tests.rules.conftest import ROOT, Tool
from tests.yaml_file import parsed

CONFIGURATION = "alertmanager/alertmanager.yml"


def _configuration() -> dict[str, Any]:
    loaded: dict[str, Any] = parsed(ROOT / CONFIGURATION)
    return loaded


def test_alertmanager_accepts_the_configuration(amtool: Tool) -> None:
    done = amtool("check-config", CONFIGURATION)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (("alertname=TargetDown", "severity=critical", "service=web", "instance=web:3003"), "console"),
        (("alertname=HighErrorRate", "severity=warning", "service=executor"), "console"),
        (("alertname=Watchdog", "severity=info", "service=prometheus"), "watchdog"),
        (("alertname=Anything", "severity=info", "service=web"), "nobody"),
        (("alertname=Misspelt", "severity=critcal", "service=web"), "console"),
        (("alertname=NoSeverity",), "console"),
    ],
)
def test_an_alert_reaches_its_receiver(amtool: Tool, labels: tuple[str, ...], receiver: str) -> None:
    done = amtool(
        "config", "routes", "test", f"--config.file={CONFIGURATION}", f"--verify.receivers={receiver}", *labels
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_receiver_is_noticed(amtool: Tool) -> None:
    wrong = ["--verify.receivers=nobody", "severity=critical"]
    assert amtool("config", "routes", "test", f"--config.file={CONFIGURATION}", *wrong).returncode != 0


def test_the_inbox_hears_of_the_end_too_and_the_token_is_read_from_a_file() -> None:
    webhooks = [hook for receiver in _configuration()["receivers"] for hook in receiver.get("webhook_configs", [])]
    assert webhooks
    for hook in webhooks:
        assert hook["send_resolved"] is True
        assert hook["url"] == "http://web:3003/api/alerts"
        assert hook["http_config"]["authorization"] == {"credentials_file": "/run/secrets/spark-alerts/alert_token"}


def test_the_heartbeat_repeats_with_every_group_interval() -> None:
    """A repeat interval that is not below the group interval skips every other one."""
    route = next(route for route in _configuration()["route"]["routes"] if route["receiver"] == "watchdog")
    assert (route["group_wait"], route["group_interval"], route["repeat_interval"]) == ("0s", "1m", "30s")


def test_no_inhibition_compares_a_label_that_its_source_may_lack() -> None:
    for rule in _configuration()["inhibit_rules"]:
        named = {matcher.split()[0] for matcher in rule["source_matchers"]}
        asked = {matcher.split()[0] for matcher in rule["target_matchers"]}
        narrowest = set(rule.get("equal", [])[-1:])
        assert narrowest <= {"service", "instance", "venue"}
        assert narrowest <= named
        assert narrowest <= asked
