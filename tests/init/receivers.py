"""Settings and secrets that switch on every receiver, for tests of what is rendered out of them."""

from __future__ import annotations

from pathlib import Path

from init.receivers.names import RECEIVERS, Receiver

SECRETS: dict[Receiver, str] = {
    "email": "p4ss word",
    "slack": "https://hooks.slack.example/services/T0/B0/x",
    "pagerduty": "0123456789abcdef0123456789ABCDEF",
    "telegram": "123456:ABC-def_1",
    "jira": "00000000-1111-2222-3333-444444444444",
    "teams": "https://teams.example/workflows/1?sig=x%20y&v=1",
    "webhook": "a-bearers-token",
}
SETTINGS: dict[Receiver, dict[str, str]] = {
    "email": {
        "SPARK_EMAIL_TO": "me@mail.example, you@mail.example",
        "SPARK_EMAIL_FROM": "spark@mail.example",
        "SPARK_EMAIL_SERVER": "smtp.mail.example:587",
        "SPARK_EMAIL_USER": "spark",
    },
    "slack": {},
    "pagerduty": {},
    "telegram": {"SPARK_TELEGRAM_CHAT": "-1001234567890", "SPARK_TELEGRAM_THREAD": "5"},
    "jira": {},
    "teams": {},
    "webhook": {"SPARK_WEBHOOK_URL": "https://hook.example/spark"},
}
ALL = ",".join(RECEIVERS)
RIGHT_ADDRESSES = ["https://ping.example/uuid-1", "http://192.0.2.1:8000/ping/key/slug/", "https://[::1]:8443/ping/x"]
"""Addresses of the outside heartbeat that `init` and the console both take."""
WRONG_ADDRESSES = [
    *(
        "ping.example/uuid",
        "ftp://ping.example/uuid",
        "https://:443/x",
        "https:///uuid",
        "https://ping.example:99999/uuid",
    ),
    *("https://me:pw@ping.example/uuid", "https://ping.example/uuid?create=1", "https://ping.example/uuid#x"),
]
"""Addresses that both refuse."""


def environment(*receivers: str, **more: str) -> dict[str, str]:
    """The environment that switches these receivers on; all of them where none is named."""
    named = receivers or RECEIVERS
    given = {name: value for receiver in RECEIVERS if receiver in named for name, value in SETTINGS[receiver].items()}
    return {"SPARK_RECEIVERS": ",".join(named)} | given | more


def keep_secrets(folder: Path, secrets: dict[Receiver, str] | None = None) -> Path:
    """Writes the secrets into a folder."""
    folder.mkdir(exist_ok=True)
    for receiver, secret in (SECRETS | (secrets or {})).items():
        (folder / receiver).write_text(secret)
    return folder


def sink_secrets(url: str) -> dict[Receiver, str]:
    """The secrets that are addresses, leading to the sinks at `url`."""
    return {"slack": f"{url}/slack/services/T0/B0/x", "teams": f"{url}/teams/workflow?sig=a%20b&v=1"}


def sink_settings(url: str, mail: str, **more: str) -> dict[str, str]:
    """All receivers, at the sinks: `url` is their HTTP server's address, `mail` host and port of their mail server."""
    there = {
        "SPARK_WARNINGS_TO": ALL,
        "SPARK_EMAIL_SERVER": mail,
        "SPARK_EMAIL_TLS": "none",
        "SPARK_TELEGRAM_URL": f"{url}/telegram",
        "SPARK_PAGERDUTY_URL": f"{url}/pagerduty/v2/enqueue",
        "SPARK_JIRA_URL": f"{url}/jira/jsm/ops/integration/",
        "SPARK_WEBHOOK_URL": f"{url}/webhook/spark",
        "SPARK_PUBLIC_URL": "https://spark.example:3003",
    }
    return environment(**(there | more))
