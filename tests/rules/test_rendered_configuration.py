"""amtool accepts every rendered configuration, and each kind of alert takes the routes that the settings say."""

from __future__ import annotations

from pathlib import Path

import pytest

from init.receivers.names import RECEIVERS, Receiver
from tests.init.receivers import ALL, environment
from tests.rules import rendered

pytestmark = pytest.mark.engine
SETTINGS: dict[str, dict[str, str]] = {
    "none": {},
    **{str(receiver): environment(receiver) for receiver in RECEIVERS},
    "all": environment(SPARK_WARNINGS_TO=ALL),
    "quiet": environment(SPARK_WARNINGS_TO="slack,email", SPARK_QUIET_HOURS="22:00-07:00"),
    "day": environment(SPARK_WARNINGS_TO="slack", SPARK_QUIET_HOURS="12:00-13:00", SPARK_TIMEZONE="Europe/Berlin"),
    "services": environment("slack", "teams", SPARK_RECEIVER_SERVICES="slack=web+executor"),
    "second": environment("slack", "email", SPARK_ESCALATE_TO="pagerduty", SPARK_WARNINGS_TO="email"),
    "mail": environment("email", SPARK_EMAIL_USER="", SPARK_EMAIL_TLS="implicit"),
    "hook": environment("webhook", SPARK_WEBHOOK_URL="http://127.0.0.1:9999/hook"),
    "secret-address": environment("webhook", SPARK_WEBHOOK_URL=""),
    "telegram-group": environment("telegram", SPARK_TELEGRAM_THREAD=""),
}
ROUTES = [
    ("all", "alertname=X severity=critical service=web", "console," + ALL),
    ("all", "alertname=X severity=info service=web", "nobody"),
    ("all", "alertname=Watchdog severity=info", "watchdog"),
    ("all", "alertname=X severity=critcal service=web", "console"),
    ("second", "alertname=X severity=warning service=web", "console,email"),
    ("second", "alertname=X severity=critical service=web", "console,email,slack"),
    ("second", "alertname=CriticalNotAcknowledged severity=critical service=web", "console,pagerduty"),
    ("second", "alertname=PageTest severity=critical service=web", "console,email,pagerduty,slack"),
    ("services", "alertname=X severity=critical service=web", "console,slack,teams"),
    ("services", "alertname=X severity=critical service=canary", "console,teams"),
    ("services", "alertname=PageTest severity=critical service=alertmanager", "console,slack,teams"),
    ("slack", "alertname=CriticalNotAcknowledged severity=critical service=web", "console,slack"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("rendered")
    for name, given in SETTINGS.items():
        address: dict[Receiver, str] = {"webhook": "https://hook.example/whole"}
        rendered.write(place / name, given, address if name == "secret-address" else None)
    return place


def test_amtool_accepts_every_combination(folder: Path, alertmanager_image: str) -> None:
    done = rendered.tool(alertmanager_image, folder, "amtool check-config /live/*/alertmanager.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("2 templates") == len(SETTINGS)


def test_each_alert_takes_the_routes_of_the_settings(folder: Path, alertmanager_image: str) -> None:
    script = "".join(
        f"amtool config routes test --config.file=/live/{name}/alertmanager.yml {labels}\n"
        for name, labels, _ in ROUTES
    )
    done = rendered.tool(alertmanager_image, folder, script)
    found = [",".join(sorted(line.split(","))) for line in done.stdout.splitlines()]
    assert found == [",".join(sorted(wanted.split(","))) for _, _, wanted in ROUTES], done.stderr
