"""Alertmanager's block of each receiver. Alertmanager reads each secret from its file at every message. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from init.receivers.names import Receiver
from init.receivers.secrets import MOUNTED
from init.receivers.settings import Settings

Block = dict[str, Any]
TITLE = '{{ template "spark.title" . }}'
SHORT = '{{ template "spark.short" . }}'
"""The text for services that take some thousand characters."""
LONG = '{{ template "spark.long" . }}'
"""The text with more of the group's alerts, for services that take any length."""
CONSOLE = '{{ template "spark.console" . }}'
PRIORITY = '{{ if eq .CommonLabels.severity "warning" }}P3{{ else }}P1{{ end }}'
SEVERITY = '{{ if eq .CommonLabels.severity "warning" }}warning{{ else }}critical{{ end }}'
SEND_SECONDS = "10s"
"""A bare number would be nanoseconds."""
MOST_ALERTS = 100
"""So many alerts of a group go to the webhook; it is told how many were left out."""


def block(receiver: Receiver, settings: Settings) -> Block:
    """Returns the receiver's block, with the receiver's name."""
    kind, configuration = _KINDS[receiver]
    return {"name": receiver, kind: [{"send_resolved": True} | configuration(settings)]}


def _secret(receiver: Receiver) -> str:
    return f"{MOUNTED}/{receiver}"


def _email(settings: Settings) -> Block:
    email = settings.email
    if email is None:
        raise ValueError("e-mail is off")
    login = {"auth_username": email.user, "auth_password_file": _secret("email")} if email.user else {}
    return {
        "to": ", ".join(email.to),
        "from": email.sender,
        "smarthost": email.server,
        "require_tls": email.tls == "starttls",
        "force_implicit_tls": email.tls == "implicit",
        "headers": {"Subject": TITLE},
        "html": "",
        "text": LONG,
        **login,
    }


def _slack(_: Settings) -> Block:
    return {
        "api_url_file": _secret("slack"),
        "timeout": SEND_SECONDS,
        "title": TITLE,
        "title_link": '{{ template "spark.runbook" . }}',
        "text": SHORT,
        "fallback": TITLE,
        "color": '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}',
        "mrkdwn_in": [],
        "actions": [
            {"type": "button", "text": "Runbook", "url": '{{ template "spark.runbook" . }}'},
            {"type": "button", "text": "Console", "url": CONSOLE},
        ],
    }


def _pagerduty(settings: Settings) -> Block:
    return {
        "routing_key_file": _secret("pagerduty"),
        "url": settings.urls.pagerduty,
        "timeout": SEND_SECONDS,
        "description": TITLE,
        "severity": SEVERITY,
        "client": "Spark",
        "client_url": CONSOLE,
        # A detail that can be read as YAML becomes a table: the first line keeps the text a text.
        "details": {"text": f"From Alertmanager of Spark\n{LONG}"},
        "links": [
            {"href": '{{ template "spark.runbook" . }}', "text": "Runbook"},
            {"href": '{{ template "spark.dashboard" . }}', "text": "Dashboard"},
        ],
    }


def _telegram(settings: Settings) -> Block:
    telegram = settings.telegram
    if telegram is None:
        raise ValueError("Telegram is off")
    thread = {} if telegram.thread is None else {"message_thread_id": telegram.thread}
    return {
        "bot_token_file": _secret("telegram"),
        "api_url": telegram.url,
        "chat_id": telegram.chat,
        # Plain text: nothing that an alert says is taken for a mark.
        "parse_mode": "",
        "message": f"{TITLE}\n\n{SHORT}",
        **thread,
    }


def _jira(settings: Settings) -> Block:
    return {
        "api_key_file": _secret("jira"),
        "api_url": settings.urls.jira,
        "message": TITLE,
        "description": LONG,
        "source": CONSOLE,
        "priority": PRIORITY,
        "details": {"runbook": '{{ template "spark.runbook" . }}'},
    }


def _teams(_: Settings) -> Block:
    return {"webhook_url_file": _secret("teams"), "title": TITLE, "text": '{{ template "spark.card" . }}'}


def _webhook(settings: Settings) -> Block:
    common: Block = {"timeout": SEND_SECONDS, "max_alerts": MOST_ALERTS}
    if not settings.urls.webhook:
        return common | {"url_file": _secret("webhook")}
    authorization = {"credentials_file": _secret("webhook")}
    return common | {"url": settings.urls.webhook, "http_config": {"authorization": authorization}}


_KINDS: dict[Receiver, tuple[str, Callable[[Settings], Block]]] = {
    "email": ("email_configs", _email),
    "slack": ("slack_configs", _slack),
    "pagerduty": ("pagerduty_configs", _pagerduty),
    "telegram": ("telegram_configs", _telegram),
    "jira": ("opsgenie_configs", _jira),
    "teams": ("msteamsv2_configs", _teams),
    "webhook": ("webhook_configs", _webhook),
}
