"""The form of a message that each receiver's service takes, as checks; used where a real Alertmanager sends."""

from __future__ import annotations

import re
from collections.abc import Callable

from init.receivers.names import Receiver
from tests.init.receivers import SECRETS
from tests.rules.sinks import Message

RUNBOOK = "https://spark.example:3003/runbook/"
COLOURS = {"CRITICAL": ("danger", "Attention"), "WARNING": ("danger", "Attention"), "RESOLVED": ("good", "Good")}
"""By a title's first word: the colours of Slack and of Teams."""
TITLE = re.compile(r"(CRITICAL|WARNING|RESOLVED) \S.{0,90}")

Form = Callable[[Message, str], str]


def word(title: str) -> str:
    """A title's first word."""
    return title.partition(" ")[0]


def email(message: Message, title: str) -> str:
    assert message.path.split("\0")[1:] in ([], ["spark", SECRETS["email"]])
    assert (message.headers["Subject"], message.headers["From"]) == (title, "spark@mail.example")
    assert message.headers["To"] == "me@mail.example, you@mail.example"
    assert message.body["html"] is False
    return str(message.body["text"])


def slack(message: Message, title: str) -> str:
    assert message.path == "/services/T0/B0/x"
    (attachment,) = message.body["attachments"]
    assert (attachment["title"], attachment["fallback"]) == (title, title)
    assert attachment["title_link"].startswith(RUNBOOK)
    assert attachment["color"] == COLOURS[word(title)][0]
    assert [action["text"] for action in attachment["actions"]] == ["Runbook", "Console"]
    return str(attachment["text"])


def pagerduty(message: Message, title: str) -> str:
    body = message.body
    assert message.path == "/v2/enqueue"
    assert body["routing_key"] == SECRETS["pagerduty"]
    assert body["event_action"] == ("resolve" if word(title) == "RESOLVED" else "trigger")
    assert body["dedup_key"]
    assert body["payload"]["summary"] == title
    assert body["payload"]["severity"] in {"CRITICAL": ("critical",), "WARNING": ("warning",)}.get(
        word(title), ("critical", "warning")
    )
    assert [link["text"] for link in body["links"]] == ["Runbook", "Dashboard"]
    return str(body["payload"]["custom_details"]["text"])


def telegram(message: Message, title: str) -> str:
    assert message.path == f"/bot{SECRETS['telegram']}/sendMessage"
    assert (str(message.body["chat_id"]), str(message.body["message_thread_id"])) == ("-1001234567890", "5")
    assert not message.body.get("parse_mode")
    first, _, rest = str(message.body["text"]).partition("\n\n")
    assert first == title
    return rest


def jira(message: Message, title: str) -> str:
    assert message.headers["Authorization"] == f"GenieKey {SECRETS['jira']}"
    if word(title) == "RESOLVED":
        assert message.path.startswith("/jsm/ops/integration/v2/alerts/")
        assert message.path.endswith("/close?identifierType=alias")
        return ""
    assert message.path == "/jsm/ops/integration/v2/alerts"
    assert (message.body["message"], message.body["priority"]) == (title, "P1" if word(title) == "CRITICAL" else "P3")
    assert message.body["details"]["runbook"].startswith(RUNBOOK)
    return str(message.body["description"])


def teams(message: Message, title: str) -> str:
    assert message.path == "/workflow?sig=a%20b&v=1"
    (attachment,) = message.body["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    first, text = attachment["content"]["body"]
    assert (first["text"], first["color"]) == (title, COLOURS[word(title)][1])
    return str(text["text"]).replace("\n\n", "\n")


def webhook(message: Message, title: str) -> str:
    assert message.headers["Authorization"] == f"Bearer {SECRETS['webhook']}"
    assert message.body["version"] == "4"
    assert message.body["status"] == ("resolved" if word(title) == "RESOLVED" else "firing")
    return ""


FORMS: dict[Receiver, Form] = {
    "email": email,
    "slack": slack,
    "pagerduty": pagerduty,
    "telegram": telegram,
    "jira": jira,
    "teams": teams,
    "webhook": webhook,
}
"""Each checks a message against its title, and returns the text that people read; empty where there is none."""
_TITLES: dict[str, Callable[[Message], str]] = {
    "email": lambda message: message.headers["Subject"],
    "slack": lambda message: str(message.body["attachments"][0]["title"]),
    "pagerduty": lambda message: str(message.body["payload"]["summary"]),
    "telegram": lambda message: str(message.body["text"]).partition("\n\n")[0],
    "jira": lambda message: str(message.body.get("message", "RESOLVED in Jira")),
    "teams": lambda message: str(message.body["attachments"][0]["content"]["body"][0]["text"]),
    "webhook": lambda message: "RESOLVED webhook" if message.body["status"] == "resolved" else _severity(message),
}


def _severity(message: Message) -> str:
    labels = message.body["alerts"][0]["labels"]
    return f"{'CRITICAL' if labels['severity'] == 'critical' else 'WARNING'} {labels['alertname']}"


def title_of(message: Message) -> str:
    """The title that a message shows; for Jira's closing and the webhook, which have none, one like it."""
    return _TITLES[message.receiver](message)


def check(message: Message) -> None:
    """Raises `AssertionError` or `KeyError` unless the message has its service's form."""
    title = title_of(message)
    assert TITLE.fullmatch(title), title
    for name, form in FORMS.items():
        if name == message.receiver:
            form(message, title)
